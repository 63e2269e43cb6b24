import { cfnLint, providerMirror, tofu } from '../test/deploy/tools.ts';

// Installs the tools of the tests of deploy/, outside the checkout: cfn-lint, OpenTofu and the AWS provider's schema.
for (const install of [cfnLint, providerMirror, tofu]) {
  const tool = await install(true);
  console.log(tool.kind === 'found' ? `${tool.name}: ${tool.path}` : `missing: ${tool.why}`);
  if (tool.kind === 'missing') process.exitCode = 1;
}
