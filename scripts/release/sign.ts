import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';

export type Signature = {
  /** Detached, as openssl verifies it. */
  readonly bytes: Buffer;
  /** The public key, as PEM. */
  readonly publicKey: string;
  /** What to run to verify FILE with FILE.sig and release-key.pem. */
  readonly command: (file: string) => string;
};

/**
 * Signs with a private key given as PEM: Ed25519, EC or RSA.
 *
 * @param passphrase of the key; undefined where it has none
 * @throws Error where the text is no such key, or the passphrase is missing or wrong
 */
export function signWith(pem: string, passphrase: string | undefined, data: Buffer): Signature {
  const key = readKey(pem, passphrase);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return {
        bytes: sign(null, data, key),
        publicKey,
        command: (file) =>
          `openssl pkeyutl -verify -pubin -inkey release-key.pem -rawin -in ${file} -sigfile ${file}.sig`,
      };
    case 'ec':
    case 'rsa':
      return {
        bytes: sign('sha256', data, key),
        publicKey,
        command: (file) => `openssl dgst -sha256 -verify release-key.pem -signature ${file}.sig ${file}`,
      };
    default:
      throw new Error(
        `The key is of type ${key.asymmetricKeyType}; allowed are ed25519, ec and rsa: openssl genpkey -algorithm ed25519`,
      );
  }
}

function readKey(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    throw new Error(
      'The key cannot be read: it must be a private key as PEM, with its passphrase in RELEASE_KEY_PASSPHRASE if it has one.',
      { cause },
    );
  }
}
