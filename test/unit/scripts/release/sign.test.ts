import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { signWith } from '../../../../scripts/release/sign.ts';

const pems = {
  ed25519: () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  EC: () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
};

describe('a release’s signature', () => {
  for (const [type, make] of Object.entries(pems)) {
    it(`of an ${type} key is verified by the command that is printed, and not for other bytes`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'release-'));
      try {
        const signature = signWith(make(), undefined, Buffer.from('sums\n'));
        writeFileSync(join(folder, 'SHA256SUMS.sig'), signature.bytes);
        writeFileSync(join(folder, 'release-key.pem'), signature.publicKey);
        const verify = () =>
          execFileSync('sh', ['-c', signature.command('SHA256SUMS')], { cwd: folder, stdio: 'pipe' });
        writeFileSync(join(folder, 'SHA256SUMS'), 'sums\n');
        verify();
        writeFileSync(join(folder, 'SHA256SUMS'), 'other sums\n');
        assert.throws(verify, 'whoever exchanges a file could exchange its checksum too');
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }

  it('is refused with a reason for what is no private key, or one whose passphrase is missing', () => {
    const locked = generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' })
      .toString();
    signWith(locked, 'right', Buffer.from(''));
    for (const [pem, passphrase] of [
      ['no key', undefined],
      [locked, undefined],
      [locked, 'wrong'],
    ] as const) {
      assert.throws(() => signWith(pem, passphrase, Buffer.from('')), /must be a private key as PEM/);
    }
  });
});
