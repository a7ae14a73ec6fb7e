/** The command line as a user meets it: whole processes, from their start to their exit. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import sharp from 'sharp'
import type { Picture } from '../../src-main/vision/face.ts'
import { listPhotographs } from './photograph-set.ts'
import type { Figure } from './vision.ts'

const semblance = join(import.meta.dirname, '../../src-main/cli/semblance.js')
const photographs = 1000
const samplingMs = 250

/** `semblance compare` on two photographs, as often as it takes for a median. */
export async function compareFigure(pictures: [Picture, Picture], runs = 7): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'semblance-compare-bench-'))
  const files = await Promise.all(
    pictures.map(async ({ width, height, rgb }, i) => {
      const file = join(folder, `${i}.jpg`)
      writeFileSync(
        file,
        await sharp(rgb, { raw: { width, height, channels: 3 } })
          .jpeg()
          .toBuffer(),
      )
      return file
    }),
  )
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const { code, ms } = await timed(['compare', ...files, '--json'])
    if (code !== 0 && code !== 1) throw new Error(`compare ended with ${code}`)
    times.push(ms)
  }
  rmSync(folder, { recursive: true })
  times.sort((a, b) => a - b)
  const median = times[runs >> 1]!
  return {
    what: '`compare` on two photographs, process start to exit',
    asked: '≤ 1.5 s',
    measured: `${seconds(median)}, ${seconds(times[0]!)}–${seconds(times.at(-1)!)} in ${runs}`,
    reached: median <= 1500,
    values: { medianMs: median, longestMs: times.at(-1)! },
  }
}

/** `semblance enrol` on the first thousand photographs of a folder of people, as if they were one person's. */
export async function enrolmentFigure(peopleFolder: string): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'semblance-enrol-bench-'))
  const from = join(folder, 'photographs')
  mkdirSync(from)
  const { files } = listPhotographs('first', peopleFolder)
  if (files.length < photographs) throw new Error(`${peopleFolder} holds ${files.length} photographs only`)
  files
    .slice(0, photographs)
    .forEach(({ path }, i) => symlinkSync(path, join(from, `${String(i).padStart(4, '0')}${extname(path)}`)))
  const words = [
    'enrol',
    'Benchmark',
    from,
    '--at-most',
    `${photographs}`,
    '--home',
    join(folder, 'home'),
    '--json',
  ]
  const { ms, stdout, memory } = await timed(words)
  const { length: count } = (JSON.parse(stdout) as { stored: unknown[] }).stored
  rmSync(folder, { recursive: true })
  const peakMb = memory.length > 0 ? Math.max(...memory) : null
  // Flat: in the last quarter of the run no more than after the first, when everything is loaded.
  const quarter = memory.length >> 2
  const growthMb = peakMb && Math.max(...memory.slice(-quarter)) - Math.max(...memory.slice(0, quarter))
  return {
    what: `enrolling ${photographs.toLocaleString('en')} photographs`,
    asked: '≤ 100 s, memory flat, ≤ 700 MB',
    measured: `${seconds(ms)}, ${peakMb === null ? 'memory not known here' : `${peakMb.toFixed(0)} MB at most, ${growthMb!.toFixed(0)} MB more at the end than at the beginning`} (${count} enrolled)`,
    reached: peakMb === null ? null : ms <= 100_000 && peakMb <= 700,
    values: { ms, enrolled: count, peakMb: peakMb ?? NaN, growthMb: growthMb ?? NaN },
  }
}

interface Timed {
  code: number | null
  ms: number
  stdout: string
  /** Resident set, MB, every quarter of a second; empty where the system does not tell. */
  memory: number[]
}

function timed(words: string[]): Promise<Timed> {
  const started = performance.now()
  const child = spawn(process.execPath, [semblance, ...words], { stdio: ['ignore', 'pipe', 'ignore'] })
  const memory: number[] = []
  const sampling = setInterval(() => memory.push(...residentMb(child.pid!)), samplingMs)
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearInterval(sampling)
      resolve({ code, ms: performance.now() - started, stdout, memory })
    })
  })
}

/** Linux alone tells of another process without a program to ask. */
function residentMb(pid: number): number[] {
  const path = `/proc/${pid}/status`
  if (!existsSync(path)) return []
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(path, 'utf8'))?.[1]
  return kilobytes ? [Number(kilobytes) / 1024] : []
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`
