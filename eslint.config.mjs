import tseslint from 'typescript-eslint';

/** A test that is skipped, or that makes the others be skipped, is not a test. */
const noSkippedTests = ['error', ...[
  "CallExpression[callee.object.name=/^(test|it|describe)$/][callee.property.name=/^(skip|only|todo|failing)$/]",
  "MemberExpression[object.object.name=/^(test|it|describe)$/][object.property.name=/^(skip|only|failing)$/]",
  'CallExpression[callee.name=/^(xtest|xit|xdescribe|ftest|fit|fdescribe)$/]',
].map((selector) => ({ selector, message: 'No skipped or singled-out tests.' }))];

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'coverage/', '.data/', 'deploy/embedded/kafka/jars/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': noSkippedTests,
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // An event's case in evolve and its schema share one name, as type and as value.
      '@typescript-eslint/no-redeclare': 'off',
    },
  },
  {
    // What comes back over HTTP or out of SQL is looked at by expectations, not by the compiler.
    files: ['**/*.spec.ts', '**/*.fixture.ts', 'test/**/*.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off' },
  },
);
