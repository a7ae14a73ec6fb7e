import type { DataSet, Framing } from './data-set.ts'
import { folderPerClass } from './folder-per-class.ts'
import { mnist } from './mnist.ts'
import { omniglot } from './omniglot.ts'
import { vggFace2 } from './vggface2.ts'

/** A data set in plain words: it can be sent to another thread and written into a report. */
export type DataSetDescription =
  | { kind: 'folder-per-class'; folder: string; framing?: Framing }
  | {
      kind: 'vggface2'
      folder: string
      identityList: string
      part: 'training' | 'test'
      framing?: Framing
    }
  | { kind: 'omniglot'; folders: string[]; turned?: boolean }
  | { kind: 'mnist'; images: string; labels: string }

/** Opens a described data set. Throws when there is nothing in it. */
export function openDataSet(description: DataSetDescription): Promise<DataSet> {
  switch (description.kind) {
    case 'folder-per-class':
      return folderPerClass(description.folder, description.framing)
    case 'vggface2':
      return vggFace2(description.folder, description.identityList, description.part, description.framing)
    case 'omniglot':
      return omniglot(description.folders, description.turned)
    case 'mnist':
      return mnist(description.images, description.labels)
  }
}
