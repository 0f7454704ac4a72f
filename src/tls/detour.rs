//! Whether clients can do without an issuer that is outside its dates, where it is not known what they trust.

use super::chain::{Links, Place, Trust};

impl Trust {
    /// The certificate of the file that has the name of the missing issuer, and another key.
    pub(super) fn namesake(&self) -> Option<Place> {
        match self {
            Trust::Incomplete(missing) | Trust::IssuerUnknown(missing) => missing.namesake,
            _ => None,
        }
    }
}

impl Links<'_> {
    /// Whether there is no way from the leaf to a root but by this issuer.
    ///
    /// One with the same name and key that is valid takes its place. Of one that did not sign the leaf, the name may be
    /// that of a root which clients have, as with roots that an older one has signed, too: only where the roots are known
    /// it is certain that they have not.
    pub(super) fn is_needed(&self, index: usize, trust: &Trust) -> bool {
        if trust.is_anchored() {
            return false;
        }
        let (Some(link), Some(leaf)) = (self.links.get(index), self.links.first()) else { return true };
        let twins = self.with_subject(link.subject()).iter().filter(|&&other| other != index);
        let mut twins = twins.filter_map(|&other| self.links.get(other));
        let is_valid_twin = twins.any(|twin| {
            twin.parsed().public_key().raw == link.parsed().public_key().raw
                && twin.certificate.validity.contains(self.now)
        });
        let may_be_root =
            matches!(trust, Trust::Incomplete(_) | Trust::IssuerUnknown(_)) && link.subject() != leaf.issuer();
        !is_valid_twin && !may_be_root
    }
}
