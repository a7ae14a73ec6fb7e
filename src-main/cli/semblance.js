#!/usr/bin/env node
// Plain JavaScript on purpose: it must run on the system's Node, whose 20 knows neither `node:sqlite` nor TypeScript,
// and hands over to the Node 24 that comes with the packages.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const needed = 24
const isNewEnough = Number(process.versions.node.split('.')[0]) >= needed

if (isNewEnough) {
  module.enableCompileCache() // a third of the time to start
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
} else {
  process.exitCode = await runUnderOwnNode()
}

/** @returns {Promise<number>} the exit code */
function runUnderOwnNode() {
  const node = ownNode()
  if (node === null) {
    console.error(
      `Semblance needs Node ${needed}, and the package "node" that brings it is missing: run "npm ci".`,
    )
    return Promise.resolve(3)
  }
  const self = fileURLToPath(import.meta.url)
  const quiet = '--disable-warning=ExperimentalWarning' // node:sqlite is called experimental; nobody at a terminal can act on it
  const child = spawn(node, [quiet, self, ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl+C reaches both; the child decides when it is done. What is sent to this process alone is passed on.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`Node ${needed} did not start: ${error.message}`)
      resolve(3)
    })
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 3)))
  })
}

/** The binary of the package `node`, wherever npm put it above this file. */
function ownNode() {
  const binary = process.platform === 'win32' ? 'node.exe' : 'node'
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', 'node', 'bin', binary)
    if (existsSync(path)) return path
    if (dirname(folder) === folder) return null
  }
}
