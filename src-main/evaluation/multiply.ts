/**
 * a · bᵀ: `a` holds aRows × dimension, `b` bRows × dimension, row by row; the result aRows × bRows, row by row.
 * Passed in wherever all pairs are needed, so that ONNX Runtime can do it; `multiplyHere` needs nothing.
 */
export type Multiply = (
  a: Float32Array,
  aRows: number,
  b: Float32Array,
  bRows: number,
  dimension: number,
) => Float32Array | Promise<Float32Array>

/** Plain JavaScript, in single precision at the end only: 4 × 4 products at a time, so that each number read is used four times. */
export function multiplyHere(
  a: Float32Array,
  aRows: number,
  b: Float32Array,
  bRows: number,
  dimension: number,
): Float32Array {
  const product = new Float32Array(aRows * bRows)
  const wholeRows = aRows - (aRows % 4)
  const wholeColumns = bRows - (bRows % 4)
  for (let j = 0; j < wholeColumns; j += 4) {
    for (let i = 0; i < wholeRows; i += 4) {
      let a0 = i * dimension
      let a1 = a0 + dimension
      let a2 = a1 + dimension
      let a3 = a2 + dimension
      let b0 = j * dimension
      let b1 = b0 + dimension
      let b2 = b1 + dimension
      let b3 = b2 + dimension
      let [s00, s01, s02, s03] = [0, 0, 0, 0]
      let [s10, s11, s12, s13] = [0, 0, 0, 0]
      let [s20, s21, s22, s23] = [0, 0, 0, 0]
      let [s30, s31, s32, s33] = [0, 0, 0, 0]
      for (let k = 0; k < dimension; k++) {
        const x0 = a[a0++]!
        const x1 = a[a1++]!
        const x2 = a[a2++]!
        const x3 = a[a3++]!
        const y0 = b[b0++]!
        const y1 = b[b1++]!
        const y2 = b[b2++]!
        const y3 = b[b3++]!
        s00 += x0 * y0
        s01 += x0 * y1
        s02 += x0 * y2
        s03 += x0 * y3
        s10 += x1 * y0
        s11 += x1 * y1
        s12 += x1 * y2
        s13 += x1 * y3
        s20 += x2 * y0
        s21 += x2 * y1
        s22 += x2 * y2
        s23 += x2 * y3
        s30 += x3 * y0
        s31 += x3 * y1
        s32 += x3 * y2
        s33 += x3 * y3
      }
      const row0 = i * bRows + j
      const row1 = row0 + bRows
      const row2 = row1 + bRows
      const row3 = row2 + bRows
      product[row0] = s00
      product[row0 + 1] = s01
      product[row0 + 2] = s02
      product[row0 + 3] = s03
      product[row1] = s10
      product[row1 + 1] = s11
      product[row1 + 2] = s12
      product[row1 + 3] = s13
      product[row2] = s20
      product[row2 + 1] = s21
      product[row2 + 2] = s22
      product[row2 + 3] = s23
      product[row3] = s30
      product[row3 + 1] = s31
      product[row3 + 2] = s32
      product[row3 + 3] = s33
    }
  }
  const one = (i: number, j: number) => {
    let sum = 0
    for (let k = 0; k < dimension; k++) sum += a[i * dimension + k]! * b[j * dimension + k]!
    product[i * bRows + j] = sum
  }
  for (let i = 0; i < aRows; i++) for (let j = i < wholeRows ? wholeColumns : 0; j < bRows; j++) one(i, j)
  return product
}
