/** Orders names as their UTF-8 bytes do, which JavaScript's own order of UTF-16 units does not beyond the basic plane. */
export function compareBytes(a: string, b: string): number {
  let i = 0
  while (i < a.length && i < b.length) {
    const [x, y] = [a.codePointAt(i)!, b.codePointAt(i)!]
    if (x !== y) return x - y // UTF-8 keeps the order of code points
    i += x > 0xffff ? 2 : 1
  }
  return a.length - b.length
}
