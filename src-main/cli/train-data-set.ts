import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Refusal } from '../contract.ts'
import { refused } from '../engine/refusal.ts'
import { cropFaces, type FaceFinder } from '../training/data-sets/face-crops.ts'
import type { DataSetDescription } from '../training/data-sets/open-data-set.ts'
import { count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { unpackOnce } from './train-unpack.ts'

/** What the pictures are: it decides what a run does unless told otherwise. */
export type PictureKind = 'faces' | 'characters' | 'digits' | 'pictures'

export interface FoundDataSet {
  kind: PictureKind
  description: DataSetDescription
  /** Pictures of the same classes to judge by, where the data set brings its own: MNIST's test digits. */
  test: DataSetDescription | null
}

export interface DataSetOptions {
  faces: boolean // false: the pictures are taken as they are
  identityList?: string // VGGFace2's identity_meta.csv
  part: 'training' | 'test' // of VGGFace2's people
  turned?: boolean // Omniglot's characters turned by right angles are further ones
}

/** Where things that are made of the data set lie, and what finds faces in it. */
export interface DataSetPlace {
  cache: string
  openFinder(): Promise<FaceFinder>
  terminal: Terminal
}

/**
 * Says what a path holds by what lies in it: MNIST's idx files, Omniglot's background folders or zips, VGGFace2's layout
 * beside its identity list, else a folder of classes. Faces are looked for in the last two, and their crops cached.
 */
export async function findDataSet(
  path: string,
  options: DataSetOptions,
  place: DataSetPlace,
): Promise<FoundDataSet | Refusal> {
  const folder = resolve(path)
  const found = await stat(folder).catch(() => null)
  if (!found)
    return refused('no-such-folder', `${shown(path)} is neither a folder nor a file that can be read.`)
  const isZip = found.isFile() && /\.zip$/i.test(folder)
  const names = found.isFile() ? [basename(folder)] : (await readdir(folder)).sort()
  const inside = found.isFile() ? dirname(folder) : folder

  const digits = await idxFiles(inside, names)
  if (digits) return digits
  const characters = await omniglotFolders(inside, names, isZip, place.cache)
  if (characters.length > 0)
    return {
      kind: 'characters',
      description: { kind: 'omniglot', folders: characters, ...(options.turned && { turned: true }) },
      test: null,
    }
  if (found.isFile())
    return refused(
      'no-data-set',
      `${shown(path)} is no folder, no idx file of images and no zip of Omniglot.`,
    )

  const identityList = options.identityList ? resolve(options.identityList) : await listBeside(folder)
  const people = identityList ? await trainFolder(folder, options.part) : folder
  const pictures: FoundDataSet = options.faces
    ? await croppedFaces(people, place)
    : { kind: 'pictures', description: { kind: 'folder-per-class', folder: people }, test: null }
  if (!identityList || pictures.description.kind !== 'folder-per-class') return pictures
  const { framing, folder: of } = pictures.description
  return {
    ...pictures,
    description: {
      kind: 'vggface2',
      folder: of,
      identityList,
      part: options.part,
      ...(framing && { framing }),
    },
  }
}

const imagesFile = /^(.*)images([-.])idx3-ubyte(\.gz)?$/

/** MNIST: the training digits, and the official test digits (`t10k-…`) where they are beside them. */
async function idxFiles(folder: string, names: string[]): Promise<FoundDataSet | null> {
  const images = names.filter((name) => imagesFile.test(name))
  if (images.length === 0) return null
  const all = await readdir(folder)
  const described = (name: string): DataSetDescription => {
    const labels = name.replace(imagesFile, '$1labels$2idx1-ubyte')
    const file = [labels, `${labels}.gz`].find((candidate) => all.includes(candidate)) ?? labels
    return { kind: 'mnist', images: join(folder, name), labels: join(folder, file) }
  }
  const isTest = (name: string) => /^(t10k|test)/.test(name)
  const training = images.find((name) => !isTest(name)) ?? images[0]!
  const test = all.find((name) => imagesFile.test(name) && isTest(name))
  return {
    kind: 'digits',
    description: described(training),
    test: test && test !== training ? described(test) : null,
  }
}

/** Folders of alphabets: given as such, as `images_background…` folders, or as zips of them, which are unpacked once. */
async function omniglotFolders(
  folder: string,
  names: string[],
  isZip: boolean,
  cache: string,
): Promise<string[]> {
  const zips = names.filter((name) => /^images_.*\.zip$/i.test(name) || isZip)
  const folders = names.filter(
    (name) => /^images_(background|evaluation)/.test(name) && !/\.zip$/i.test(name),
  )
  const unpacked = zips
    .filter((zip) => !folders.includes(zip.replace(/\.zip$/i, ''))) // lies there unpacked as well
    .map(async (zip) => {
      const into = join(cache, zip.replace(/\.zip$/i, ''))
      await unpackOnce(join(folder, zip), into)
      const [only, ...more] = await readdir(into)
      return only && more.length === 0 && !(await holdsCharacters(into)) ? join(into, only) : into
    })
  const all = [...folders.map((name) => join(folder, name)), ...(await Promise.all(unpacked))]
  if (all.length > 0 || isZip) return all
  return (await holdsCharacters(folder)) ? [folder] : []
}

/** Whether a folder is alphabet/characterNN/…, as Omniglot lays them out. */
async function holdsCharacters(folder: string): Promise<boolean> {
  const alphabets = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const alphabet of alphabets)
    if (alphabet.isDirectory()) {
      const characters = await readdir(join(folder, alphabet.name))
      return characters.some((name) => /^character\d+$/.test(name))
    }
  return false
}

/** VGGFace2's identity list where its archive puts it. */
async function listBeside(folder: string): Promise<string | undefined> {
  for (const place of ['.', 'meta', '../meta', '..']) {
    const file = join(folder, place, 'identity_meta.csv')
    if (await stat(file).catch(() => null)) return file
  }
  return undefined
}

/** VGGFace2's people may stand one folder down, in train/ and test/. */
async function trainFolder(folder: string, part: 'training' | 'test'): Promise<string> {
  const inner = join(folder, part === 'training' ? 'train' : 'test')
  return (await stat(inner).catch(() => null)) ? inner : folder
}

async function croppedFaces(
  folder: string,
  { cache, openFinder, terminal }: DataSetPlace,
): Promise<FoundDataSet> {
  const crops = join(cache, 'crops')
  const finder = await openFinder()
  let progress: Awaited<ReturnType<Terminal['progress']>> | null = null
  let leftOut = 0
  for await (const { done, total, leftOut: left } of cropFaces({ folder, cache: crops, finder })) {
    progress ??= await terminal.progress(total, 'Looking for faces')
    if (left) {
      leftOut++
      progress.say(`${shown(left.file)} is left out: ${left.why}`)
    }
    progress.step(done)
  }
  progress?.stop()
  if (leftOut > 0) terminal.say(`${count(leftOut, 'photograph')} left out.`)
  return {
    kind: 'faces',
    description: { kind: 'folder-per-class', folder: crops, framing: 'kept-crop' },
    test: null,
  }
}
