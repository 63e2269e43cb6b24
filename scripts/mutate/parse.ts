import type { SourceFile } from 'typescript/unstable/ast';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';
import type { Source } from './files.ts';

const PROJECT = '/sources/tsconfig.json';
/** Nothing is resolved or checked: only the syntax trees are wanted. */
const CONFIG = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    noLib: true,
    noResolve: true,
    types: [],
    noEmit: true,
    allowImportingTsExtensions: true,
  },
  include: ['**/*.ts'],
};

/** The syntax trees of sources, in their order, from the compiler that checks them. Throws where one is not TypeScript. */
export function parse(sources: readonly Source[]): SourceFile[] {
  const files = Object.fromEntries(sources.map(({ file, text }) => [pathOf(file), text]));
  const api = new API({
    cwd: '/sources',
    fs: createVirtualFileSystem({ ...files, [PROJECT]: JSON.stringify(CONFIG) }),
  });
  try {
    const project = api.updateSnapshot({ openProjects: [PROJECT] }).getProject(PROJECT);
    if (!project) throw new Error('The compiler opened no project.');
    return sources.map(({ file }) => {
      const tree = project.program.getSourceFile(pathOf(file));
      if (!tree) throw new Error(`The compiler did not read ${file}.`);
      const [fault] = project.program.getSyntacticDiagnostics(pathOf(file));
      if (fault) throw new Error(`${file} is not TypeScript: ${fault.text}`);
      return tree;
    });
  } finally {
    api.close();
  }
}

const pathOf = (file: string) => `/sources/${file}`;
