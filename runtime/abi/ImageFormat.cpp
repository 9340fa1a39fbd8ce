//===- ImageFormat.cpp - images as bytes ----------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function `fields` per type names its fields in order; the writer and the
// reader both walk it, so that they cannot disagree. The byte table in README.md
// is the law.
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Bytes.h"
#include "runtime/abi/Image.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <concepts>
#include <type_traits>

namespace muntin {
namespace {

constexpr std::string_view kMagic("MUNTINIM", 8);
constexpr uint32_t kVersion = 2;    // 2: resident blocks of a launch
constexpr size_t kHeaderBytes = 32; // magic, version, 0, payload bytes, checksum of the payload

template <typename Enum> constexpr int64_t kLastOf = -1;
template <> constexpr int64_t kLastOf<Formula::Op> = static_cast<int64_t>(Formula::Op::Max);
template <> constexpr int64_t kLastOf<Argument::Kind> = static_cast<int64_t>(Argument::Kind::TensorMap);
template <> constexpr int64_t kLastOf<Binary::Kind> = static_cast<int64_t>(Binary::Kind::Cubin);

template <typename T, typename Raw>
concept Is = std::same_as<std::remove_const_t<T>, Raw>;

void fields(auto &io, Is<Formula::Step> auto &step) { io(step.op, step.value); }
void fields(auto &io, Is<Formula> auto &formula) { io(formula.steps); }
void fields(auto &io, Is<Argument> auto &argument) {
  io(argument.kind, argument.index, argument.axis, argument.formula);
}
void fields(auto &io, Is<Launch> auto &launch) {
  io(launch.entry, launch.tasks, launch.threads, launch.scratch, launch.arguments, launch.resident);
}
void fields(auto &io, Is<Guard> auto &guard) { io(guard.left, guard.right); }
void fields(auto &io, Is<Variant> auto &variant) {
  io(variant.name, variant.guards, variant.launches, variant.counting, variant.workspace);
}
void fields(auto &io, Is<Binary> auto &binary) { io(binary.kind, binary.target, binary.bytes); }
void fields(auto &io, Is<Image> auto &image) { io(image.problemKey, image.plan, image.variants, image.binaries); }

class Writer : public ByteWriter {
public:
  template <typename... Fields> void operator()(const Fields &...values) { (put(values), ...); }

private:
  template <typename T> void put(const T &value) {
    if constexpr (std::is_enum_v<T> || std::integral<T>)
      integer(static_cast<uint64_t>(value), sizeof(T));
    else
      fields(*this, value);
  }
  void put(const std::string &value) { text(value); }
  template <typename T> void put(const std::vector<T> &list) {
    integer(list.size(), 8);
    for (const T &element : list)
      put(element);
  }
};

class Reader : public ByteReader {
public:
  using ByteReader::ByteReader;

  template <typename... Fields> void operator()(Fields &...values) { (get(values), ...); }

private:
  template <typename T> void get(T &value) {
    if constexpr (std::is_enum_v<T>) {
      const uint64_t number = integer(sizeof(T));
      if (number > static_cast<uint64_t>(kLastOf<T>))
        damaged = true;
      else
        value = static_cast<T>(number);
    } else if constexpr (std::integral<T>) {
      value = static_cast<T>(integer(sizeof(T)));
    } else {
      fields(*this, value);
    }
  }
  void get(std::string &value) { value = text(); }
  template <typename T> void get(std::vector<T> &list) {
    const size_t size = count();
    // Grown one by one: a false count must not reserve memory that the bytes cannot fill.
    for (size_t i = 0; i < size && !damaged; ++i)
      get(list.emplace_back());
  }
};

Status damage(std::string_view what) { return {StatusCode::CheckFailed, fmt::format("image: {}", what)}; }

} // namespace

std::string serializeImage(const Image &image) {
  Writer payload;
  payload(image);
  Writer file;
  file.bytes = kMagic;
  file.integer(kVersion, 4);
  file.integer(0, 4);
  file.integer(payload.bytes.size(), 8);
  file.integer(XXH3_64bits(payload.bytes.data(), payload.bytes.size()), 8);
  file.bytes += payload.bytes;
  return std::move(file.bytes);
}

Result<Image> deserializeImage(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes)
    return damage(fmt::format("{} bytes, expected at least the header's {}", bytes.size(), kHeaderBytes));
  if (!bytes.starts_with(kMagic))
    return damage("does not begin with MUNTINIM");
  Reader header(bytes.substr(kMagic.size(), kHeaderBytes - kMagic.size()));
  if (const uint64_t version = header.integer(4); version != kVersion)
    return damage(fmt::format("format version {}, expected {}", version, kVersion));
  if (const uint64_t reserved = header.integer(4); reserved != 0)
    return damage(fmt::format("reserved header field is {}, expected 0", reserved));
  const std::string_view payload = bytes.substr(kHeaderBytes);
  if (const uint64_t size = header.integer(8); size != payload.size())
    return damage(fmt::format("payload of {} bytes, expected {}", payload.size(), size));
  if (header.integer(8) != XXH3_64bits(payload.data(), payload.size()))
    return damage("checksum does not match");

  Reader reader(payload);
  Image image;
  reader(image);
  if (reader.damaged || !reader.rest.empty())
    return damage("fields do not fill the payload, though its checksum matches");
  return image;
}

} // namespace muntin
