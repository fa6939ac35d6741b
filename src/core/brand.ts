declare const brand: unique symbol;

/** A number that means something: a plain number at run time, a type of its own for the compiler. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A byte offset into a Memory, as an allocator hands it out. 0 is never handed out and means "none". */
export type Ptr = Brand<number, "Ptr">;

/** No block: what the raw methods of an allocator return when they have no room. */
export const NIL = 0 as Ptr;
