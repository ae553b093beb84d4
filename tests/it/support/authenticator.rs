//! An authenticator that does what Web Authentication asks of one (Level 3, §6), in memory.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

pub struct Authenticator {
    key: EcdsaKeyPair,
    id: [u8; 16],
    /// How often it signed.
    pub counter: u32,
    /// Where the browser says the page came from.
    pub origin: String,
    /// Whether the person showed a finger or a number.
    pub verified: bool,
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}")).to_owned()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

impl Authenticator {
    pub fn new(origin: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = Sha256::digest(key.public_key().as_ref())[..16].try_into().unwrap();
        Self { key, id, counter: 0, origin: origin.to_owned(), verified: true }
    }

    fn said(&self, kind: &str, challenge: &str) -> Vec<u8> {
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    fn data(&mut self, host: &str, flags: u8) -> Vec<u8> {
        self.counter += 1;
        let verified = if self.verified { VERIFIED } else { 0 };
        [&Sha256::digest(host)[..], &[PRESENT | verified | flags], &self.counter.to_be_bytes()].concat()
    }

    /// Makes a credential, as these options ask for; the browser's answer.
    pub fn make(&mut self, options: &Value) -> String {
        let public = self.key.public_key().as_ref().to_vec();
        let (x, y) = (&public[1..33], &public[33..65]);
        // COSE: a key on P-256, for ES256.
        let key = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20], x, &[0x22, 0x58, 0x20], y].concat();
        let credential = [&[0; 16][..], &[0, 16], &self.id, &key].concat();
        let data = [self.data(&text(options, "/publicKey/rp/id"), ATTESTED), credential].concat();
        let length = u8::try_from(data.len()).unwrap();
        let object = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"[..], &[length], &data].concat();
        let said = self.said("webauthn.create", &text(options, "/publicKey/challenge"));
        json!({
            "id": base64(self.id), "rawId": base64(self.id), "type": "public-key", "extensions": {},
            "response": {"attestationObject": base64(object), "clientDataJSON": base64(said), "transports": ["internal"]},
        })
        .to_string()
    }

    /// Signs, as these options ask for; the browser's answer.
    pub fn sign(&mut self, options: &Value) -> String {
        let data = self.data(&text(options, "/publicKey/rpId"), 0);
        let said = self.said("webauthn.get", &text(options, "/publicKey/challenge"));
        let message = [&data[..], &Sha256::digest(&said)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &message).unwrap();
        json!({
            "id": base64(self.id), "rawId": base64(self.id), "type": "public-key", "extensions": {},
            "response": {
                "authenticatorData": base64(data), "clientDataJSON": base64(said),
                "signature": base64(signature), "userHandle": null,
            },
        })
        .to_string()
    }
}
