import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two cores: each worker holds its own ONNX Runtime sessions, and a training run yields to whatever else computes: with a
    // third its tests took three times as long.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
