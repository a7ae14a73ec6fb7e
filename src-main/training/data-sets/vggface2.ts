import { readFile } from 'node:fs/promises'
import { dataSetOf, type DataSet, type Framing } from './data-set.ts'
import { decodeImage } from './decode-image.ts'
import { filesByFolder } from './folder-per-class.ts'

/**
 * VGGFace2 (Cao et al. 2018): folders n000001, n000002 …, and the identity list `identity_meta.csv`, whose flag tells
 * training people (1) from test people (0). Throws when no identity of that part is in the folder.
 */
export async function vggFace2(
  folder: string,
  identityList: string,
  part: 'training' | 'test',
  framing: Framing = 'whole',
): Promise<DataSet> {
  const identities = identitiesOf(await readFile(identityList, 'utf8'), part)
  const files = (await filesByFolder(folder)).filter((file) => identities.has(file.class))
  if (files.length === 0) throw new Error(`${folder} holds none of the ${identities.size} ${part} identities`)
  return dataSetOf(files, framing, decodeImage)
}

/** Class_ID, Name, Sample_Num, Flag, Gender: the name may hold commas, so the flag is counted from the end. */
function identitiesOf(csv: string, part: 'training' | 'test'): Set<string> {
  const wanted = part === 'training' ? '1' : '0'
  const rows = csv.split(/\r?\n/).map((line) => line.split(',').map((field) => field.trim()))
  return new Set(
    rows.filter((row) => /^n\d{6}$/.test(row[0]!) && row.at(-2) === wanted).map((row) => row[0]!),
  )
}
