//! Who can read a file by its group: `/etc/passwd` and `/etc/group` of the machine, or image, that holds it.
//!
//! group(5), passwd(5).

use std::path::Path;

use super::key_store::is_checkout;
use crate::source::{FileSystem, Permissions};

/// Larger files are those of a directory service, which machines that run nginx rarely write out.
const MAX_BYTES: u64 = 1 << 20;

/// The groups and users of a machine.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    groups: Vec<Group>,
    users: Vec<User>,
}

#[derive(Debug)]
struct Group {
    name: String,
    number: u32,
    members: Vec<String>,
}

#[derive(Debug)]
struct User {
    name: String,
    number: u32,
    group: u32,
}

/// Users who can read or change a file because they are in its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAccess {
    /// Its mode: nine bits `rwxrwxrwx`.
    pub mode: u32,
    /// The group's name.
    pub group: String,
    /// Its members, without root and the file's owner, sorted.
    pub users: Vec<String>,
}

impl GroupAccess {
    /// Whether they can change it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.mode & 0o020 != 0
    }
}

impl Accounts {
    /// Reads the two files; what cannot be read is empty.
    pub(super) fn read(files: &dyn FileSystem) -> Accounts {
        let lines = |path: &str| {
            let text = files.read(Path::new(path), MAX_BYTES).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect::<Vec<Vec<String>>>()
        };
        let group = |fields: &Vec<String>| match fields.as_slice() {
            [name, _, number, members] => Some(Group {
                name: name.clone(),
                number: number.parse().ok()?,
                members: members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect(),
            }),
            _ => None,
        };
        let user = |fields: &Vec<String>| match fields.as_slice() {
            [name, _, number, group, ..] => {
                Some(User { name: name.clone(), number: number.parse().ok()?, group: group.parse().ok()? })
            }
            _ => None,
        };
        Accounts {
            groups: lines("/etc/group").iter().filter_map(group).collect(),
            users: lines("/etc/passwd").iter().filter_map(user).collect(),
        }
    }

    /// Who can read or change a file because of its group; nothing where that is root's, or one that the machine does not
    /// know, and in a checkout of git, which keeps no groups.
    pub(super) fn group_access(&self, files: &dyn FileSystem, path: &Path) -> Option<GroupAccess> {
        let permissions = files.permissions(path)?;
        if permissions.mode & 0o060 == 0 || permissions.group == 0 {
            return None;
        }
        let group = self.groups.iter().find(|group| group.number == permissions.group)?;
        let real = files.canonicalize(path).ok()?;
        let is_closed = |directory: Permissions| {
            let by_group = directory.group == permissions.group && directory.mode & 0o010 != 0;
            !by_group && directory.mode & 0o001 == 0
        };
        let mut directories = real.ancestors().skip(1).filter(|directory| !directory.as_os_str().is_empty());
        if directories.any(|directory| files.permissions(directory).is_some_and(is_closed)) || is_checkout(files, &real)
        {
            return None;
        }
        let is_other = |name: &String| {
            let number = self.users.iter().find(|user| user.name == *name).map(|user| user.number);
            number.is_some_and(|number| number != 0 && number != permissions.owner)
        };
        let primary = self.users.iter().filter(|user| user.group == group.number).map(|user| &user.name);
        let mut users: Vec<String> = primary.chain(&group.members).filter(|name| is_other(name)).cloned().collect();
        users.sort();
        users.dedup();
        (!users.is_empty()).then(|| GroupAccess { mode: permissions.mode & 0o777, group: group.name.clone(), users })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemoryFiles;

    #[test]
    fn who_is_in_the_group_can_read_what_the_group_can() {
        const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nacme:x:90:90::/:/bin/sh\nnginx:x:101:101::/:\n\
                              alice:x:1000:100::/:\nbob:x:1001:1001::/:\nbroken:x:y:z\n\n";
        const GROUP: &str = "root:x:0:bob\nusers:x:100:bob,gone,root\nacme:x:90:\nempty:x:7:\nbroken\n";
        // (mode, group of the key, mode of its directory, users)
        let rows: [(u32, u32, u32, &[&str]); 8] = [
            (0o640, 100, 0o755, &["alice", "bob"]),
            (0o660, 100, 0o711, &["alice", "bob"]),
            (0o600, 100, 0o755, &[]),
            (0o640, 0, 0o755, &[]),   // root's, whoever is in it
            (0o640, 90, 0o755, &[]),  // only the owner is in it
            (0o640, 7, 0o755, &[]),   // nobody is
            (0o640, 555, 0o755, &[]), // a group of a directory service
            (0o640, 100, 0o700, &[]), // nobody comes to it
        ];
        for (mode, group, directory, expected) in rows {
            let mut files = MemoryFiles::default();
            files.add("/etc/passwd", PASSWD);
            files.add("/etc/group", GROUP);
            files.add("/etc/ssl/private/a.key", "");
            files.set_mode("/etc/ssl/private", directory);
            files.set_mode("/etc/ssl/private/a.key", mode);
            files.set_owner("/etc/ssl/private/a.key", 90, group);
            let access = Accounts::read(&files).group_access(&files, Path::new("/etc/ssl/private/a.key"));
            let users = access.map(|access| access.users).unwrap_or_default();
            assert_eq!(users, expected, "{mode:o} {group} {directory:o}");
        }
    }

    #[test]
    fn a_directory_may_be_open_to_the_group_alone() {
        let mut files = MemoryFiles::default();
        files.add("/etc/passwd", "alice:x:1000:100::/:\n");
        files.add("/etc/group", "users:x:100:\n");
        files.add("/keys/a.key", "");
        files.set_mode("/keys", 0o710);
        files.set_mode("/keys/a.key", 0o640);
        files.set_owner("/keys/a.key", 0, 100);
        let access = |files: &MemoryFiles| Accounts::read(files).group_access(files, Path::new("/keys/a.key"));
        assert_eq!(access(&files), None);
        files.set_owner("/keys", 0, 100);
        assert_eq!(access(&files).map(|access| (access.group, access.mode)), Some(("users".to_owned(), 0o640)));
        files.add("/keys/.git/HEAD", "");
        assert_eq!(access(&files), None, "a checkout");
    }
}
