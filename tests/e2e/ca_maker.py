"""CAs of every kind: signed by whom, of which key, limited how."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
KEYS = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Chains"),
                      x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(ca):
    flags = dict.fromkeys(
        ["content_commitment", "key_encipherment", "data_encipherment",
         "key_agreement", "encipher_only", "decipher_only"], False)
    return x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca,
                         crl_sign=ca, **flags)


class Cert:
    """A certificate with its key. issuer None: signed by itself."""

    def __init__(self, name, issuer=None, ca=False, key="p256", like=None,
                 start=-1, end=30, eku=ExtendedKeyUsageOID.CLIENT_AUTH,
                 path_len=None, extra=(), san=(), usage=None):
        """like: another certificate whose key this one has (cross-signed).
        start, end: days from now. extra: (extension, critical)."""
        self.name = name
        self.key = like.key if like else KEYS[key]()
        self.subject = name_of(name)
        issuer = issuer or self
        public = self.key.public_key()
        builder = (
            x509.CertificateBuilder().subject_name(self.subject)
            .issuer_name(issuer.subject).public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() + start * DAY)
            .not_valid_after(now() + end * DAY)
            .add_extension(x509.BasicConstraints(ca, path_len), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public),
                           False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    issuer.key.public_key()), False)
            .add_extension(usage or _usage(ca), True))
        if eku and not ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([eku]),
                                            False)
        if san:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(list(san)), False)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical)
        digest = (None if isinstance(issuer.key, ed25519.Ed25519PrivateKey)
                  else hashes.SHA256())
        self.x509 = builder.sign(issuer.key, digest)

    def pem(self):
        return self.x509.public_bytes(serialization.Encoding.PEM)

    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())


class Shown:
    """Files of what a client shows: leaf first, or in the order given."""

    def __init__(self, directory, name, certs, key=None):
        self.cert = directory / f"{name}.pem"
        self.key = directory / f"{name}.key"
        self.cert.write_bytes(b"".join(c.pem() for c in certs))
        self.key.write_bytes((key or certs[0]).key_pem())
        self.key.chmod(0o600)


def crl_of(issuer, revoked, start=-1, end=30):
    """A CRL of that CA in PEM."""
    builder = (x509.CertificateRevocationListBuilder()
               .issuer_name(issuer.subject)
               .last_update(now() + start * DAY)
               .next_update(now() + end * DAY)
               .add_extension(x509.CRLNumber(1), False))
    for cert in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(cert.x509.serial_number)
            .revocation_date(now() - DAY).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(
        serialization.Encoding.PEM)
