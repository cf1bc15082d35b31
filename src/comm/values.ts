/**
 * Values as bytes. A typed array travels as its elements; everything else in V8's form of the structured clone, without
 * SharedArrayBuffers and objects of Node; views in it get a buffer each. The last byte says which, so that the elements stand at the start, aligned.
 */
import { Deserializer, Serializer } from "node:v8";
import { PshmemError } from "../errors.ts";
import { checkMemory, kindOfArray, type TypedArray } from "../array/dtype.ts";
import { fieldText, textOf } from "../shown.ts";
import type { AnyTypedArray } from "./contract.ts";

const ARRAY_TYPES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
  // Absent before Node 24; its place in the list stays.
  (globalThis as { Float16Array?: new (buffer: ArrayBufferLike) => ArrayBufferView }).Float16Array,
] as const;

/** The number of each array type by its name: so arrays of subclasses, such as Buffer, and of other realms have one too. */
const NUMBERS = new Map(ARRAY_TYPES.flatMap((type, i) => (type ? [[type.name, i]] : [])));

/** What all empty arrays can be over. */
const NOTHING = new ArrayBuffer(0);

/** In the place of such a number, a DataView. */
const DATA_VIEW = ARRAY_TYPES.length;

/** The last byte of a value in V8's form; other values are 1 + the number of the array type. */
const CLONED = 0;

/** Local: a value as bytes of its own. @throws NOT_CLONEABLE */
export function encodeValue(value: unknown): Uint8Array {
  const type = ArrayBuffer.isView(value) ? typeOf(value) : DATA_VIEW;
  if (type === DATA_VIEW) return encodeClone(value);
  const { buffer, byteOffset, byteLength } = value as ArrayBufferView;
  const bytes = new Uint8Array(byteLength + 1);
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength));
  bytes[byteLength] = type + 1;
  return bytes;
}

/** Local: the value that `encodeValue` was given; shares no memory with `bytes`. @throws NOT_CLONEABLE UNSUPPORTED */
export function decodeValue<T>(bytes: Uint8Array): T {
  const length = bytes.length - 1;
  const type = bytes[length];
  // A copy of its own: exact in length, aligned, and not shared.
  const body = new Uint8Array(length);
  body.set(bytes.subarray(0, length));
  return (type === CLONED ? decodeClone(body) : arrayOver(type - 1, body.buffer)) as T;
}

/** Local: bytes as elements of the kind that an array has; a copy, since they need not be aligned. */
export function elementsLike(array: AnyTypedArray, bytes: Uint8Array): AnyTypedArray {
  return arrayOver(typeOf(array), Uint8Array.from(bytes).buffer) as AnyTypedArray;
}

/** Local: an array of the kind that an array has, without elements. @throws NOT_CLONEABLE */
export function emptyLike(array: AnyTypedArray): AnyTypedArray {
  return arrayOver(typeOf(array), NOTHING) as AnyTypedArray;
}

/** The number of a view's type. @throws NOT_CLONEABLE if its memory is gone */
function typeOf(view: ArrayBufferView): number {
  const type = NUMBERS.get(kindOfArray(view) ?? "") ?? DATA_VIEW;
  if (type !== DATA_VIEW) checkMemory(view as TypedArray);
  return type;
}

function arrayOver(type: number, buffer: ArrayBuffer): ArrayBufferView {
  const make = ARRAY_TYPES[type];
  if (make) return new make(buffer);
  throw new PshmemError(
    "UNSUPPORTED",
    "a Float16Array was received, which this Node does not have; use Node 24 or later",
  );
}

/**
 * Writes the views inside a value as their own elements, whatever memory they are over: a small view of a large buffer stays
 * small, and a view of shared memory is copied like everything else, since ranks may live in different processes.
 */
class ViewSerializer extends Serializer {
  constructor() {
    super();
    (this as unknown as ViewHooks)._setTreatArrayBufferViewsAsHostObjects(true);
  }

  _getDataCloneError = Error;

  _writeHostObject(view: unknown): void {
    if (!ArrayBuffer.isView(view))
      throw new Error(`${Object.prototype.toString.call(view)} could not be cloned.`);
    this.writeUint32(typeOf(view));
    this.writeUint32(Math.floor(view.byteLength / 2 ** 32));
    this.writeUint32(view.byteLength >>> 0);
    this.writeRawBytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }
}

class ViewDeserializer extends Deserializer {
  _readHostObject(): unknown {
    const type = this.readUint32();
    const bytes = this.readUint32() * 2 ** 32 + this.readUint32();
    const { buffer } = Uint8Array.from(this.readRawBytes(bytes));
    return type === DATA_VIEW ? new DataView(buffer) : arrayOver(type, buffer);
  }
}

/** A method of V8's serializer that Node documents and its types leave out. */
interface ViewHooks {
  _setTreatArrayBufferViewsAsHostObjects(on: boolean): void;
}

/** Whatever a getter of the value's has thrown. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? fieldText(error, "message") : textOf(error);
}

function encodeClone(value: unknown): Uint8Array {
  const serializer = new ViewSerializer();
  try {
    serializer.writeHeader();
    serializer.writeValue(value);
  } catch (error) {
    const text = `the value cannot be sent (${reasonOf(error)}); send data only: no functions, symbols or handles`;
    throw new PshmemError("NOT_CLONEABLE", text, { cause: error });
  }
  serializer.writeRawBytes(Uint8Array.of(CLONED));
  return serializer.releaseBuffer();
}

function decodeClone(bytes: Uint8Array): unknown {
  const deserializer = new ViewDeserializer(bytes);
  try {
    deserializer.readHeader();
    return deserializer.readValue();
  } catch (error) {
    if (error instanceof PshmemError) throw error;
    // V8 writes some things, such as a WebAssembly.Module, that it does not read again.
    const text = `a value was received that cannot be made again (${reasonOf(error)}); send data only`;
    throw new PshmemError("NOT_CLONEABLE", text, { cause: error });
  }
}
