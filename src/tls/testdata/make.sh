#!/usr/bin/env bash
# Makes the chains and keys that the tests of src/tls read. Needs bash and OpenSSL 3.
# Names and dates are always the same; keys and signatures are new each time. Every key here is public: use none of them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p keys chains issued

cat > ca.cnf <<'CNF'
[ca]
default_ca = test_ca
[test_ca]
database = ./index.txt
serial = ./serial
new_certs_dir = ./issued
default_md = sha256
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = optional
[req]
distinguished_name = dn
prompt = no
string_mask = utf8only
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca_extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[ca_path_0]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[ca_names]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
nameConstraints = critical, permitted;DNS:corp.example
[ca_mail]
basicConstraints = critical, CA:TRUE
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[leaf]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid:always
subjectAltName = DNS:shop.example
[leaf_public]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid:always
authorityInfoAccess = OCSP;URI:http://ocsp.test/, caIssuers;URI:http://ca.test/int.der
certificatePolicies = 2.23.140.1.2.1
subjectAltName = DNS:shop.example
[leaf_logged]
basicConstraints = critical, CA:FALSE
authorityKeyIdentifier = keyid:always
subjectAltName = DNS:shop.example
1.3.6.1.4.1.11129.2.4.2 = DER:04:02:00:00
[leaf_ca]
basicConstraints = critical, CA:TRUE
authorityKeyIdentifier = keyid:always
subjectAltName = DNS:shop.example
[leaf_client]
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid:always
subjectAltName = DNS:shop.example
[leaf_no_names]
authorityKeyIdentifier = keyid:always
[leaf_self]
subjectAltName = DNS:shop.example
CNF
touch index.txt
echo 1000 > serial

pass=pass:ngxlint
new_key() { # NAME [ALGORITHM OPTIONS…]
    local name=$1
    shift
    [ $# -gt 0 ] || set -- EC -pkeyopt ec_paramgen_curve:P-256
    openssl genpkey -algorithm "$@" -out "$name.key" 2> /dev/null
}

# issue NAME KEY SUBJECT SECTION ISSUER|self [OPTIONS…]: chains/NAME.pem
issue() {
    local name=$1 key=$2 subject=$3 section=$4 issuer=$5
    shift 5
    local by=(-cert "chains/$issuer.pem" -keyfile "${signer:-$issuer}.key")
    [ "$issuer" != self ] || by=(-selfsign -keyfile "$key.key")
    openssl req -new -config ca.cnf -key "$key.key" -subj "$subject" -out request.csr
    openssl ca -config ca.cnf -batch -notext -preserveDN -in request.csr -out "chains/$name.pem" \
        -startdate "${from:-20240101000000Z}" -enddate "${until:-21240101000000Z}" \
        -extensions "$section" -extfile ca.cnf "${by[@]}" "$@" 2> ca.log || { cat ca.log >&2; exit 1; }
}

# Authorities. int is signed by root; each variant of int has its name, most of them its key.
for name in root root2 int namesake sub leaf; do new_key $name; done
issue root root '/O=Test/CN=Root' root self
issue root2 root2 '/O=Test/CN=Root 2' root self
issue int int '/O=Test/CN=Intermediate' ca_extensions root
issue int-namesake namesake '/O=Test/CN=Intermediate' ca_extensions root
issue int-path-0 int '/O=Test/CN=Intermediate' ca_path_0 root
issue int-names int '/O=Test/CN=Intermediate' ca_names root
issue int-mail int '/O=Test/CN=Intermediate' ca_mail root
issue int-no-ca int '/O=Test/CN=Intermediate' leaf root
issue int-cross int '/O=Test/CN=Intermediate' ca_extensions root2
from=20250101000000Z until=20260101000000Z issue int-expired int '/O=Test/CN=Intermediate' ca_extensions root
from=21200101000000Z issue int-future int '/O=Test/CN=Intermediate' ca_extensions root
issue root-cross root '/O=Test/CN=Root' ca_extensions root2
issue sub sub '/O=Test/CN=Sub' ca_extensions int

# Leaves.
issue leaf leaf /CN=shop.example leaf int
issue leaf-of-sub leaf /CN=shop.example leaf sub
issue leaf-public leaf /CN=shop.example leaf_public int
issue leaf-logged leaf /CN=shop.example leaf_logged int
issue leaf-ca leaf /CN=shop.example leaf_ca int
issue leaf-client leaf /CN=shop.example leaf_client int
issue leaf-no-names leaf /CN=shop.example leaf_no_names int
issue leaf-self leaf /CN=shop.example leaf_self self
issue leaf-sha1 leaf /CN=shop.example leaf int -md sha1
new_key rsa1024 RSA -pkeyopt rsa_keygen_bits:1024
issue leaf-rsa1024 rsa1024 /CN=shop.example leaf int
new_key p192 EC -pkeyopt ec_paramgen_curve:prime192v1
issue leaf-p192 p192 /CN=shop.example leaf int
new_key root521 EC -pkeyopt ec_paramgen_curve:P-521
issue root521 root521 '/O=Test/CN=Root 521' root self -md sha512
issue leaf-of-521 leaf /CN=shop.example leaf root521 -md sha512

# Private keys, each with a certificate of its own: KIND.pem, and KIND.*.key in several forms.
p256() { openssl pkcs8 -topk8 -in p256.key -passout "$pass" -out "keys/p256.$1.key" "${@:2}"; }
new_key p256
new_key p384 EC -pkeyopt ec_paramgen_curve:P-384
new_key p521 EC -pkeyopt ec_paramgen_curve:P-521
new_key secp256k1 EC -pkeyopt ec_paramgen_curve:secp256k1
new_key ed25519 ED25519
new_key ed448 ED448
new_key rsa RSA -pkeyopt rsa_keygen_bits:2048
openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out dsa.parameters 2> /dev/null
openssl genpkey -paramfile dsa.parameters -out dsa.key
for kind in p256 p384 p521 secp256k1 ed25519 ed448 rsa dsa; do
    md=(-md sha256)
    case $kind in ed*) md=(-md null) ;; esac
    issue $kind $kind /CN=$kind.test leaf_self self "${md[@]}"
    mv chains/$kind.pem keys
    cp $kind.key keys/$kind.pkcs8.key
done
# P-256 with its parameters written out, in the key and in a second certificate.
openssl ec -in p256.key -param_enc explicit -out p256-explicit.key 2> /dev/null
issue p256-explicit p256-explicit /CN=p256-explicit.test leaf_self self
mv chains/p256-explicit.pem keys
cp p256-explicit.key keys/p256.explicit.key
openssl pkcs8 -topk8 -nocrypt -in p256-explicit.key -out keys/p256.explicit-pkcs8.key
openssl ec -in p256-explicit.key -no_public -out keys/p256.explicit-no-public.key 2> /dev/null
# A key for RSASSA-PSS alone, and the same numbers as an ordinary RSA key.
new_key rsa-pss RSA-PSS -pkeyopt rsa_keygen_bits:2048
issue rsa-pss rsa-pss /CN=rsa-pss.test leaf_self self
mv chains/rsa-pss.pem keys
cp rsa-pss.key keys/rsa-pss.pkcs8.key
octets=$(openssl asn1parse -in rsa-pss.key | sed -n '/OCTET STRING/s/:.*//p')
openssl asn1parse -in rsa-pss.key -strparse "$octets" -noout -out rsa-pss.der
openssl rsa -inform DER -in rsa-pss.der -traditional -out keys/rsa-pss.as-rsa.key 2> /dev/null
for kind in p256 p384 p521; do
    openssl ec -in $kind.key -no_public -out keys/$kind.no-public.key 2> /dev/null
done
{
    openssl ecparam -name prime256v1
    openssl ec -in p256.key 2> /dev/null
} > keys/p256.sec1.key
openssl pkcs8 -topk8 -nocrypt -in keys/p256.no-public.key -out keys/p256.no-public-pkcs8.key
openssl ec -in p256.key -conv_form compressed -out keys/p256.compressed.key 2> /dev/null
openssl rsa -in rsa.key -traditional -out keys/rsa.pkcs1.key 2> /dev/null
p256 aes256 -v2 aes-256-cbc
p256 aes192 -v2 aes-192-cbc
p256 aes128-sha1 -v2 aes-128-cbc -v2prf hmacWithSHA1
p256 sha512 -v2 aes-256-cbc -v2prf hmacWithSHA512
p256 3des -v2 des3
p256 scrypt -scrypt
p256 slow -v2 aes-256-cbc -iter 200000
p256 rounds -v2 aes-256-cbc -iter 3000000
p256 pbes1 -v1 PBE-SHA1-3DES
for cipher in aes128 aes192 aes256 des3 camellia128; do
    openssl ec -in p256.key -$cipher -passout "$pass" -out keys/p256.legacy-$cipher.key 2> /dev/null
done
openssl rsa -in rsa.key -traditional -aes256 -passout "$pass" -out keys/rsa.legacy-aes256.key 2> /dev/null
ssh-keygen -q -t ed25519 -N '' -C '' -f ssh && cp ssh keys/openssh.key

rm -rf "$here/keys" "$here/chains"
cp -r keys chains "$here"
