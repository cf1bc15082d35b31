// Written by scripts/generate-accessors.js: change that, not this.
import type { BaseView, Permit } from "../base.ts";
import type { DType, TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";
import { makeBoolView } from "./bool.ts";
import { makeComplex128View } from "./complex128.ts";
import { makeComplex64View } from "./complex64.ts";
import { makeFloat16View } from "./float16.ts";
import { makeFloat32View } from "./float32.ts";
import { makeFloat64View } from "./float64.ts";
import { makeInt16View } from "./int16.ts";
import { makeInt32View } from "./int32.ts";
import { makeInt64View } from "./int64.ts";
import { makeInt8View } from "./int8.ts";
import { makeUint16View } from "./uint16.ts";
import { makeUint32View } from "./uint32.ts";
import { makeUint64View } from "./uint64.ts";
import { makeUint8View } from "./uint8.ts";

type MakeView<D extends DType> = (data: TypedArrayOf<D>, region: Region, permit: Permit) => BaseView<D>;

/** What makes the views of each dtype. */
export const ACCESSORS: { readonly [D in DType]: MakeView<D> } = {
  int8: makeInt8View,
  uint8: makeUint8View,
  int16: makeInt16View,
  uint16: makeUint16View,
  int32: makeInt32View,
  uint32: makeUint32View,
  int64: makeInt64View,
  uint64: makeUint64View,
  float16: makeFloat16View,
  float32: makeFloat32View,
  float64: makeFloat64View,
  complex64: makeComplex64View,
  complex128: makeComplex128View,
  bool: makeBoolView,
};
