/** Hands bytes or text to the user as a file to save, without leaving the page. */
export function offerFile(name: string, content: Uint8Array | string, type: string) {
  const address = URL.createObjectURL(new Blob([content as BlobPart], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser reads the blob after the click returns.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
