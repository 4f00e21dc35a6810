// The browser's `crypto` is a global only from node 19 on.
import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto as Crypto;
