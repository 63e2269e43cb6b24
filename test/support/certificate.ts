import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate that nobody trusts unless told to, and its key. */
export type Certificate = {
  /** The file with the certificate, in PEM. */
  readonly path: string;
  readonly cert: Buffer;
  readonly key: Buffer;
};

/**
 * Makes a certificate of two days with openssl(1).
 *
 * @param directory where its files are put
 * @param names what it is for: `DNS:host`, `IP:address`
 */
export function makeCertificate(directory: string, subject: string, names: readonly string[]): Certificate {
  const key = join(directory, 'key.pem');
  const path = join(directory, 'certificate.pem');
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const holder = ['-days', '2', '-subj', `/CN=${subject}`, '-addext', `subjectAltName=${names}`];
  const { status, stderr } = spawnSync('openssl', ['req', ...kind, ...holder, '-keyout', key, '-out', path], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
  return { path, cert: readFileSync(path), key: readFileSync(key) };
}

/** Undefined where certificates can be made here, else why not. */
export const cannotMakeCertificates =
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed';
