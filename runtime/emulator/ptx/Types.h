//===- Types.h - the scalar types of PTX ------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_PTX_TYPES_H
#define MUNTIN_EMULATOR_PTX_TYPES_H

#include <cstdint>
#include <string_view>

namespace muntin::emulator {

/// How the bits of a type are read.
enum class TypeClass : uint8_t { None, Predicate, Bits, Unsigned, Signed, Float };

// name, enumerator, bits, class
#define MUNTIN_PTX_TYPES(X)                                                                                            \
  X("pred", Pred, 1, Predicate)                                                                                        \
  X("b8", B8, 8, Bits)                                                                                                 \
  X("b16", B16, 16, Bits)                                                                                              \
  X("b32", B32, 32, Bits)                                                                                              \
  X("b64", B64, 64, Bits)                                                                                              \
  X("b128", B128, 128, Bits)                                                                                           \
  X("u8", U8, 8, Unsigned)                                                                                             \
  X("u16", U16, 16, Unsigned)                                                                                          \
  X("u32", U32, 32, Unsigned)                                                                                          \
  X("u64", U64, 64, Unsigned)                                                                                          \
  X("s8", S8, 8, Signed)                                                                                               \
  X("s16", S16, 16, Signed)                                                                                            \
  X("s32", S32, 32, Signed)                                                                                            \
  X("s64", S64, 64, Signed)                                                                                            \
  X("f16", F16, 16, Float)                                                                                             \
  X("bf16", BF16, 16, Float)                                                                                           \
  X("f16x2", F16x2, 32, Float)                                                                                         \
  X("bf16x2", BF16x2, 32, Float)                                                                                       \
  X("tf32", TF32, 32, Float)                                                                                           \
  X("f32", F32, 32, Float)                                                                                             \
  X("f64", F64, 64, Float)                                                                                             \
  X("e4m3", E4M3, 8, Float)                                                                                            \
  X("e5m2", E5M2, 8, Float)                                                                                            \
  X("e4m3x2", E4M3x2, 16, Float)                                                                                       \
  X("e5m2x2", E5M2x2, 16, Float)

enum class Type : uint8_t {
  None,
#define MUNTIN_TYPE(name, id, bits, kind) id,
  MUNTIN_PTX_TYPES(MUNTIN_TYPE)
#undef MUNTIN_TYPE
};

struct TypeInfo {
  std::string_view name;
  uint16_t bits;
  TypeClass kind;
};

inline constexpr TypeInfo typeTable[] = {{"none", 0, TypeClass::None},
#define MUNTIN_TYPE(name, id, bits, kind) {name, bits, TypeClass::kind},
                                         MUNTIN_PTX_TYPES(MUNTIN_TYPE)
#undef MUNTIN_TYPE
};

constexpr const TypeInfo &info(Type type) { return typeTable[static_cast<int>(type)]; }
constexpr unsigned bitsOf(Type type) { return info(type).bits; }
constexpr unsigned bytesOf(Type type) { return (info(type).bits + 7) / 8; }
constexpr bool isSigned(Type type) { return info(type).kind == TypeClass::Signed; }
constexpr bool isFloat(Type type) { return info(type).kind == TypeClass::Float; }
constexpr bool isInteger(Type type) { return info(type).kind == TypeClass::Unsigned || isSigned(type); }

/// Type::None where `name` is not a type.
constexpr Type typeNamed(std::string_view name) {
  for (unsigned i = 1; i < sizeof(typeTable) / sizeof(typeTable[0]); ++i)
    if (typeTable[i].name == name)
      return static_cast<Type>(i);
  return Type::None;
}

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_PTX_TYPES_H
