"""Certificates for the end-to-end tests, made once per run."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


class Issuer:
    """A CA: certificate, key, and what it issues into a directory."""

    def __init__(self, directory, name, parent=None, days=30, key_id=False):
        self.dir = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "mtlsgate tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = parent or self
        self.cert = self._build(
            self.subject, self.key.public_key(), signer, now() - DAY,
            now() + days * DAY,
            [(x509.BasicConstraints(ca=True, path_length=None), True),
             (_usage(cert_sign=True), True)]
            + ([(x509.SubjectKeyIdentifier.from_public_key(
                self.key.public_key()), False)] if key_id else []))
        self.path = directory / (name.replace(" ", "-") + ".pem")
        self.path.write_bytes(self.pem())

    @property
    def key_id(self):
        return self.cert.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier).value.digest.hex().upper()

    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM)

    def crl(self, *revoked, start=None, end=None, number=7):
        """The CRL that revokes these leaves, as PEM."""
        builder = (x509.CertificateRevocationListBuilder()
                   .issuer_name(self.subject)
                   .last_update(start or now() - DAY)
                   .next_update(end or now() + 7 * DAY)
                   .add_extension(x509.CRLNumber(number), False))
        for leaf in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(leaf.x509.serial_number)
                .revocation_date(now() - DAY).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(
            serialization.Encoding.PEM)

    @staticmethod
    def _build(subject, public_key, signer, start, end, extensions):
        builder = (x509.CertificateBuilder()
                   .subject_name(subject).issuer_name(signer.subject)
                   .public_key(public_key)
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(start).not_valid_after(end))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer.key, hashes.SHA256())

    def issue(self, name, eku=CLIENT, start=None, end=None, subject=None,
              key="ec", names=None, chain=(), extra=()):
        """Writes NAME.pem (leaf, chain) and NAME.key; returns a Leaf."""
        private = (rsa.generate_private_key(65537, 2048) if key == "rsa"
                   else ec.generate_private_key(ec.SECP256R1()))
        subject = subject or x509.Name([
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme, Inc."),
            x509.NameAttribute(NameOID.COMMON_NAME, name)])
        extensions = [(x509.BasicConstraints(ca=False, path_length=None),
                       True)]
        if eku:
            extensions.append((x509.ExtendedKeyUsage([eku]), False))
        if names:
            extensions.append((x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address(n))
                 if n[0].isdigit() or ":" in n else x509.DNSName(n)
                 for n in names]), False))
        extensions += extra
        cert = self._build(subject, private.public_key(), self,
                           start or now() - DAY, end or now() + 10 * DAY,
                           extensions)
        return Leaf(self.dir / name, cert, private, chain)


class Leaf:
    def __init__(self, base, cert, key, chain):
        self.x509 = cert
        self.cert = base.with_name(base.name + ".pem")
        self.key = base.with_name(base.name + ".key")
        pem = cert.public_bytes(serialization.Encoding.PEM)
        self.cert.write_bytes(pem + b"".join(ca.pem() for ca in chain))
        self.key.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        self.key.chmod(0o600)

    @property
    def sha1(self):
        return self.x509.fingerprint(hashes.SHA1()).hex()

    @property
    def sha256(self):
        return self.x509.fingerprint(hashes.SHA256()).hex()

    @property
    def serial(self):
        text = f"{self.x509.serial_number:X}"
        return "0" + text if len(text) % 2 else text


def _usage(cert_sign):
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=cert_sign, crl_sign=cert_sign, encipher_only=False,
        decipher_only=False)


class Pki:
    """ca, another CA of the same name, a server, clients by their fate."""

    def __init__(self, directory):
        self.dir = directory
        self.ca = Issuer(directory, "test ca")
        self.intermediate = Issuer(directory, "test intermediate", self.ca)
        (directory / "other").mkdir()
        self.other = Issuer(directory / "other", "test ca")
        self.server = self.ca.issue(
            "server", SERVER, names=["localhost", "127.0.0.1", "::1"])
        self.good = self.ca.issue("good")
        self.no_eku = self.ca.issue("no-eku", None)
        self.rsa = self.ca.issue("rsa", key="rsa")
        self.expired = self.ca.issue(
            "expired", start=now() - 9 * DAY, end=now() - DAY)
        self.future = self.ca.issue("future", start=now() + DAY)
        self.server_only = self.ca.issue("server-only", SERVER)
        self.stranger = self.other.issue("stranger")
        self.chained = self.intermediate.issue(
            "chained", chain=[self.intermediate])
        self.unchained = self.intermediate.issue("unchained")
