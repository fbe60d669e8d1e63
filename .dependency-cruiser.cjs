/** The boundaries of docs/architecture.md, checked by `npm run check:boundaries`. */
const onlyFrom = (name, module, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: allowed },
  to: { path: `^node_modules/(@types/)?${module}` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-undeclared-package',
      comment: 'A workspace declares what it imports: images are pruned to what is declared.',
      severity: 'error',
      from: { path: '^(apps|libs)/[^/]+/src', pathNot: '[.](int-)?spec[.]ts$' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'app-not-to-app',
      comment: 'Processes talk through brokers and HTTP only.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    { name: 'lib-not-to-app', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'domain-is-pure',
      comment: 'Domain rules import no framework, ORM or broker client.',
      severity: 'error',
      from: { path: '/domain/', pathNot: '[.](int-)?spec[.]ts$' },
      to: {
        dependencyTypes: ['npm', 'npm-dev'],
      },
    },
    {
      name: 'stands-alone',
      comment: 'Usable by anyone: these libraries know nothing of Orderbridge.',
      severity: 'error',
      from: { path: '^libs/(ibm-mq|embedded-kafka|embedded-mq)/', pathNot: '[.](int-)?spec[.]ts$' },
      to: { path: '^libs/', pathNot: '^libs/(ibm-mq|embedded-kafka|embedded-mq)/' },
    },
    onlyFrom(
      'only-kafka-imports-kafkajs',
      'kafkajs',
      '^libs/(kafka|embedded-kafka)/|^test/|^bench/',
      'kafkajs stays replaceable. The stand-in broker uses it in its tests.',
    ),
    onlyFrom(
      'only-ibm-mq-imports-ibmmq',
      'ibmmq',
      '^libs/(ibm-mq|embedded-mq)/|^test/|^bench/',
      'All IBM MQ goes through the transport. The stand-in uses ibmmq in its tests.',
    ),
    onlyFrom(
      'only-the-carrier-folder-imports-soap',
      'soap',
      '^apps/(shipping/src/carrier|carrier-mock)/',
      'SOAP ends at the carrier.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
