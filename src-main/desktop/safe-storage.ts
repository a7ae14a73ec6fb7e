import { safeStorage } from 'electron'
import type { SafeStorage } from '../gallery/key-keeper.ts'

/** Electron's asynchronous safeStorage in the shape the gallery's key keeper takes; null where there is no encryption. */
export async function desktopSafeStorage(): Promise<SafeStorage | null> {
  if (!(await safeStorage.isAsyncEncryptionAvailable())) return null
  return {
    encrypt: (text) => safeStorage.encryptStringAsync(text),
    decrypt: async (sealed) => {
      const { result, shouldReEncrypt } = await safeStorage.decryptStringAsync(Buffer.from(sealed))
      return { text: result, shouldReEncrypt }
    },
    backend: process.platform === 'linux' ? safeStorage.getSelectedStorageBackend() : process.platform,
  }
}
