/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const common: Config = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': '@swc/jest',
    // Loaded by require() from @fastify/static, which jest cannot do with an ES module on Node 20.
    'content-disposition/.+\\.js$': ['@swc/jest', { swcrc: false, module: { type: 'commonjs' } }],
  },
  transformIgnorePatterns: ['/node_modules/(?!.*content-disposition/)'],
  moduleNameMapper: {
    '^@orderbridge/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
  },
  resolver: '<rootDir>/test/typescript-resolver.cjs',
  modulePathIgnorePatterns: ['<rootDir>/dist', '/dist/'],
};

/** What needs programs that `npm test` must do without; see test/helm/run.mjs. */
const helm: Config[] = process.env.HELM_TOOLS
  ? [{ ...common, displayName: 'helm', testMatch: ['<rootDir>/test/helm/*.helm-spec.ts'] }]
  : [];

/** The rings of tests, from the inside out. */
const config: Config = {
  maxWorkers: 2,
  // A busy machine is slow; what hangs is found all the same.
  testTimeout: 120_000,
  projects: [
    { ...common, displayName: 'domain', testMatch: ['<rootDir>/{apps,libs,test}/**/*.spec.ts'] },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/{apps,libs,test}/**/*.int-spec.ts'],
      globalSetup: '<rootDir>/test/postgres/global-setup.mjs',
      globalTeardown: '<rootDir>/test/postgres/global-teardown.mjs',
    },
    {
      ...common,
      displayName: 'end to end',
      testMatch: [
        '<rootDir>/test/end-to-end/**/*.e2e-spec.ts',
        // Needs the brokers and the database of `npm run e2e:real`.
        ...(process.env.ORDERBRIDGE_BACKENDS === 'real'
          ? ['<rootDir>/test/replicas/*.replicas-spec.ts']
          : []),
      ],
      // Takes minutes: `npm run e2e:restore`.
      testPathIgnorePatterns: ['/node_modules/', ...(process.env.E2E_RESTORE ? [] : ['/restore[.]e2e-spec'])],
      globalSetup: '<rootDir>/test/stack/global-setup.mjs',
    },
    {
      ...common,
      displayName: 'conformance',
      testMatch: [
        '<rootDir>/test/conformance/**/*.conformance-spec.ts',
        // Needs a command that `npm test` must do without.
        ...(process.env.CONFORMANCE_KCAT ? ['<rootDir>/test/conformance/**/*.kcat-spec.ts'] : []),
      ],
    },
    ...helm,
  ],
};

export default config;
