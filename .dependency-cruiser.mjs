/** Who may import whom. The reasons stand in README.md, "Layout". */

const spec = '\\.(spec|contract|fixture)\\.ts$';
const inNodeModules = (name) => `(^|/)node_modules/${name}/`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'domain-imports-zod-only',
      severity: 'error',
      from: { path: '^libs/domain/src/', pathNot: spec },
      to: { pathNot: ['^libs/domain/', inNodeModules('zod')] },
    },
    {
      name: 'contracts-import-zod-and-domain-only',
      severity: 'error',
      from: { path: '^libs/contracts/src/', pathNot: spec },
      to: { pathNot: ['^libs/(contracts|domain)/', inNodeModules('zod')] },
    },
    {
      name: 'no-library-imports-an-app',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'no-app-imports-another',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'read-model-and-messaging-do-not-know-each-other',
      severity: 'error',
      from: { path: '^libs/(read-model|messaging)/' },
      to: { path: '^libs/(read-model|messaging)/', pathNot: '^libs/$1/' },
    },
    {
      name: 'nest-in-apps-platform-and-modules-only',
      severity: 'error',
      from: { path: '^(libs|deploy)/', pathNot: ['^libs/platform/', '\\.module\\.ts$', spec] },
      to: { path: inNodeModules('@nestjs/[^/]+') },
    },
    {
      name: 'pg-in-its-adapters-only',
      severity: 'error',
      from: { path: '^(apps|libs|deploy)/', pathNot: ['^libs/event-store/src/postgres/', '^libs/read-model/', '^libs/messaging/src/postgres/', '^libs/testing/', spec] },
      to: { path: inNodeModules('pg') },
    },
    {
      name: 'kafkajs-in-its-adapter-only',
      severity: 'error',
      from: { path: '^(apps|libs|deploy)/', pathNot: ['^libs/messaging/src/kafkajs/', '^libs/testing/', spec] },
      to: { path: inNodeModules('kafkajs') },
    },
    {
      name: 'the-kurrentdb-client-in-its-adapter-only',
      severity: 'error',
      from: { path: '^(apps|libs|deploy)/', pathNot: ['^libs/event-store/src/kurrentdb/', '^libs/testing/', '^deploy/kurrentdb/', spec] },
      to: { path: inNodeModules('@kurrent/[^/]+') },
    },
    {
      name: 'specs-alone-import-testing',
      severity: 'error',
      from: { path: '^(apps|libs|deploy)/', pathNot: ['^libs/testing/', spec] },
      to: { path: ['^libs/testing/', '^test/', spec] },
    },
    {
      name: 'what-runs-needs-no-development-package',
      severity: 'error',
      from: { path: '^(apps|libs|deploy)/', pathNot: ['^libs/testing/', spec] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Type-only imports are gone when the code runs.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'everything-imported-exists',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Emmett is installed by `npm run bench` alone.
    exclude: { path: ['^deploy/embedded/kafka/jars', '^test/bench/peers/emmett\\.mjs$', '^test/bench/peers/node_modules'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.mjs', '.json'] },
  },
};
