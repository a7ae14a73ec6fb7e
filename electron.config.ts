import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'electron-vite'

/** One configuration for the desktop's three parts; the browser shell serves the same `out/renderer`. */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      rollupOptions: {
        input: {
          main: resolve('src-main/desktop/main.ts'),
          // Lives in a process of its own: ONNX Runtime holds the thread that calls it.
          'engine-process': resolve('src-main/engine-process.ts'),
          // So do a run and a probe of a processor, and threads beside the run.
          'run-process': resolve('src-main/engine/retraining/run-process.ts'),
          'timing-process': resolve('src-main/engine/retraining/timing-process.ts'),
          'pulse-thread': resolve('src-main/engine/retraining/pulse-thread.ts'),
          'crop-thread': resolve('src-main/training/gallery-run/network/crop-thread.ts'),
          'processor-probe-process': resolve('src-main/training/processor-probe-process.ts'),
        },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // A sandboxed preload can only be one CommonJS file.
      externalizeDeps: false,
      rollupOptions: {
        input: { preload: resolve('src-main/desktop/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'src-renderer',
    plugins: [svelte()],
    build: {
      outDir: resolve('out/renderer'),
      emptyOutDir: true,
      // Nothing is inlined as data: URLs, so that the content policy can stay at 'self'.
      assetsInlineLimit: 0,
      rollupOptions: { input: { index: resolve('src-renderer/index.html') } },
    },
  },
})
