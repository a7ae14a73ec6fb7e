import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Debian's Chromium brings a Vulkan driver in software: slow, but right. */
const driver = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/usr/lib64/chromium', '/opt/google/chrome']
  .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
  .find(existsSync)

const name = 'with WebGPU the state stays on the device between steps, and can be fetched at any time'
if (!driver) test.skip(`${name} — no software Vulkan driver here: install Debian’s “chromium”`)
else {
  test(name, { timeout: 120_000 }, async () => {
    const child = join(import.meta.dirname, 'fixtures/webgpu-state.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [child], {
      env: {
        ...process.env,
        VK_ICD_FILENAMES: driver,
        LD_LIBRARY_PATH: [dirname(driver), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
      },
    })
    const found = JSON.parse(stdout) as Found
    expect(found.places).toEqual(['cpu', 'gpu-buffer', 'gpu-buffer', 'gpu-buffer'])
    expect(found.moved).toBe(true)
    expect(found.measures).toBeLessThan(1e-5)
    for (const [vector, difference] of Object.entries(found.state))
      expect(difference, vector).toBeLessThan(1e-5)
  })
}

interface Found {
  places: string[]
  moved: boolean
  measures: number
  state: Record<string, number>
}
