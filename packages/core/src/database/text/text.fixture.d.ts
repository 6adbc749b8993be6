import type { Crypto } from '../../ports/index.ts';
import type { TextOpBytes } from './inspect.ts';
import type { TextOp, TextVerdict } from './op.ts';
import { type TextSession } from './session.ts';
import { type TextState, type TextStateOptions } from './state.ts';
export type TrialCrypto = Pick<Crypto, 'sha256' | 'hmacSha256' | 'randomBytes'>;
export declare const nodeTrialCrypto: TrialCrypto;
export declare const trialRow: Uint8Array<ArrayBuffer>;
export declare const trialColumn = "notes";
/** A replica: what it stored and the text of it. */
export type TrialReplica = {
    readonly stored: TextOp[];
    readonly state: TextState;
    readonly receive: (...ops: TextOp[]) => void;
};
export type Knowledge = Pick<TextStateOptions, 'isAncestor' | 'hasSeen'>;
export declare function createReplica(crypto: TrialCrypto, knows?: Knowledge): TrialReplica;
export type TrialPerson = TrialReplica & {
    readonly device: Uint8Array;
    readonly session: TextSession;
    /** What was typed since the last call, as stored ops of one new change. */
    readonly commit: () => TextOp[];
};
/** `signing` sees each op before it is stored; `mark` stands for the salt of a change's body: two with the same content differ by it. */
export declare function createPerson(crypto: TrialCrypto, number: number, replica?: TrialReplica, signing?: (op: TextOp) => void, mark?: () => number): TrialPerson;
/** An op as it would be stored, its change's hash made up from what it says. */
export declare function toOp(crypto: TrialCrypto, device: Uint8Array, seq: number, index: number, bytes: TextOpBytes, verdict?: TextVerdict): TextOp;
