/**
 * How the tests run: real servers are started by the tests, so files run two at a time with patience. Those that drive a
 * whole editor come last, one by one.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 90_000,
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'proxy',
          include: ['test/**/*.test.ts'],
          exclude: ['test/vscode/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'editor',
          include: ['test/vscode/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
