/**
 * Photographs of one folder show one person; loose ones, and those directly in the one folder that holds everything,
 * each show another. Numbers from 1.
 */
export function numberedPeople(
  files: { webkitRelativePath: string; name: string }[],
): (fileName: string) => number {
  const paths = files.map((file) => file.webkitRelativePath || file.name)
  const roots = new Set(paths.map((path) => path.split('/')[0]!))
  const everything = roots.size === 1 ? [...roots][0]! : ''
  const keyOf = (path: string) => {
    const folder = path.split('/').slice(0, -1).join('/')
    return folder === '' || folder === everything ? path : folder
  }
  const numbers = new Map<string, number>()
  for (const path of paths) if (!numbers.has(keyOf(path))) numbers.set(keyOf(path), numbers.size + 1)
  return (fileName) => numbers.get(keyOf(fileName)) ?? numbers.size + 1
}
