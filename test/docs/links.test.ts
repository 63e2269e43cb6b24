import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = [
  ...readdirSync(root).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

describe('the links of the docs', () => {
  for (const page of pages) {
    it(`${page} links to files and headings that are there`, () => {
      assert.deepEqual(linksOf(page).filter(isBroken), [], 'a reader would land nowhere');
    });
  }

  it('tells a heading that is there from one that is not', () => {
    assert.ok(headingsOf('README.md').has('how-it-works'));
    assert.equal(isBroken({ file: 'README.md', anchor: 'no-such-heading' }), true);
    assert.equal(isBroken({ file: 'docs/no-such-page.md', anchor: undefined }), true);
  });
});

type Link = { readonly file: string; readonly anchor: string | undefined };

/** Links to this repository's own files; targets from the root. */
function linksOf(page: string): Link[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].flatMap(([, link, image]) => {
    const target = link ?? image ?? '';
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    return [{ file: path === '' ? page : relative(root, resolve(root, dirname(page), path)), anchor }];
  });
}

function isBroken({ file, anchor }: Link): boolean {
  const path = join(root, file);
  if (!existsSync(path)) return true;
  return anchor !== undefined && statSync(path).isFile() && file.endsWith('.md')
    ? !headingsOf(file).has(anchor)
    : false;
}

/** The anchors that a forge makes of a page's headings. */
function headingsOf(page: string): Set<string> {
  const text = readFileSync(join(root, page), 'utf8').replace(/```[\s\S]*?```/g, '');
  return new Set(
    [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
