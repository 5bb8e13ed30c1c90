import tseslint from 'typescript-eslint';

// Formatting is biome's, import directions are dependency-cruiser's; here are the bugs of an asynchronous
// system (forgotten promises, half-handled unions) and the limits that keep a file readable.
export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      '.local/**',
      '.nx/**',
      'setup/launch.mjs',
      'eslint.config.js',
      '**/*.cjs',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only config.ts reads the environment.' },
      ],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
      complexity: ['error', { max: 12, variant: 'modified' }],
      'max-depth': ['error', 4],
    },
  },
  {
    files: ['**/config.ts', 'setup/src/**', 'test/src/**'],
    rules: { 'no-restricted-properties': 'off' },
  },
  // A statechart is one declaration.
  { files: ['**/*-machine.ts'], rules: { 'max-lines-per-function': 'off' } },
  {
    files: ['**/*.test.ts', 'test/src/**'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
