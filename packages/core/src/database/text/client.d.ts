import type { Hashing } from '../../ports/index.ts';
/**
 * The Yjs client id of a session: the first 53 bits of SHA-256("kith/1 text client" ‖ 0 ‖ device 32 ‖ row 16 ‖ salt 16 ‖
 * column id in UTF-8). 53 bits are what Yjs can count with; nobody can take another device's id without
 * 2^53 hashes, and whoever does wins nothing: see `claims.ts`.
 */
export declare function clientIdOf(crypto: Hashing, device: Uint8Array, row: Uint8Array, column: string, salt: Uint8Array): number;
/**
 * The id under which a text holds a branch that lost its client id to another one: 53 bits of SHA-256("kith/1 text branch" ‖ 0
 * ‖ client 8 ‖ hash of the change with the branch's first op 32 ‖ index of that op 4 ‖ attempt 4).
 */
export declare function branchIdOf(crypto: Hashing, client: number, change: Uint8Array, index: number, attempt: number): number;
