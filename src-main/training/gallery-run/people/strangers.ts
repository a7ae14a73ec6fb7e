/** People who are in no training: rows of unit length, and whose each is. */
export interface Strangers {
  vectors: Float32Array
  people: Int32Array
}
