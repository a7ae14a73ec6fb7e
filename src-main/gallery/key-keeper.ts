/** How a key is kept: `basic-text` is safeStorage without a keyring on Linux, which protects nothing. */
export type KeyKeeper = 'safe-storage' | 'basic-text' | 'key-file' | 'passphrase'

/** Electron's asynchronous safeStorage, as far as it is needed; handed in, so that nothing here imports Electron. */
export interface SafeStorage {
  encrypt(text: string): Promise<Uint8Array>
  decrypt(sealed: Uint8Array): Promise<string>
  /** `safeStorage.getSelectedStorageBackend()` on Linux; any other word elsewhere. */
  backend: string
}

/** Where the gallery's master key comes from. */
export type KeySource =
  | { kind: 'key-file' }
  | { kind: 'passphrase'; passphrase: string }
  | { kind: 'safe-storage'; safeStorage: SafeStorage }
