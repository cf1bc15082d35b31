// Written by scripts/generate-accessors.js: change that, not this.
import type { BaseView } from "../base.ts";
import type { DType, TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";
import { BoolView } from "./bool.ts";
import { Complex128View } from "./complex128.ts";
import { Complex64View } from "./complex64.ts";
import { Float16View } from "./float16.ts";
import { Float32View } from "./float32.ts";
import { Float64View } from "./float64.ts";
import { Int16View } from "./int16.ts";
import { Int32View } from "./int32.ts";
import { Int64View } from "./int64.ts";
import { Int8View } from "./int8.ts";
import { Uint16View } from "./uint16.ts";
import { Uint32View } from "./uint32.ts";
import { Uint64View } from "./uint64.ts";
import { Uint8View } from "./uint8.ts";

type ViewClass<D extends DType> = new (
  data: TypedArrayOf<D>,
  region: Region,
  writable: boolean,
) => BaseView<D>;

/** The view class of each dtype. */
export const ACCESSORS: { readonly [D in DType]: ViewClass<D> } = {
  int8: Int8View,
  uint8: Uint8View,
  int16: Int16View,
  uint16: Uint16View,
  int32: Int32View,
  uint32: Uint32View,
  int64: Int64View,
  uint64: Uint64View,
  float16: Float16View,
  float32: Float32View,
  float64: Float64View,
  complex64: Complex64View,
  complex128: Complex128View,
  bool: BoolView,
};
