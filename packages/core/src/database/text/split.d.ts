/**
 * The structs and the deletions of a Yjs v1 update, each as an update of its own, or no bytes where there are none.
 * Throws `KithError('bad-encoding')` where the update holds structs of several clients, a gap or anything else that
 * no text op may hold.
 */
export declare function splitUpdate(update: Uint8Array): {
    structs: Uint8Array;
    deletes: Uint8Array;
};
