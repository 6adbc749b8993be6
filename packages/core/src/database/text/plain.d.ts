import * as Y from 'yjs';
/**
 * What `doc.getText(name).toString()` would give, without asking for the type: asking would fix it as a `Y.Text` in an app
 * that keeps something else under that name.
 */
export declare function plainText(doc: Y.Doc, name?: string): string;
