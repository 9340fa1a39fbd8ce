//===- Npy.cpp - NumPy's array files ---------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>

using namespace muntin;

static_assert(std::endian::native == std::endian::little, "arrays are read and written as they lie in memory");

/// NumPy itself refuses headers beyond 10,000 characters unless told otherwise.
static constexpr uint64_t kMaxHeaderBytes = 65536;
static constexpr size_t kMaxDimensions = 32;
static constexpr uint64_t kMaxElements = uint64_t(1) << 60;
static constexpr std::string_view kMagic("\x93NUMPY", 6);

const char *muntin::npyTypeName(NpyType type) {
  static constexpr const char *names[] = {"f32", "f16", "bf16", "int32"};
  return names[static_cast<size_t>(type)];
}

uint64_t muntin::npyTypeBytes(NpyType type) { return type == NpyType::F32 || type == NpyType::I32 ? 4 : 2; }

uint64_t NpyHeader::elements() const {
  uint64_t product = 1;
  for (int64_t extent : shape)
    product *= static_cast<uint64_t>(extent);
  return product;
}

//===----------------------------------------------------------------------===//
// The header: a Python dict literal with exactly three keys
//===----------------------------------------------------------------------===//

namespace {
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : rest_(text) {}
  Result<NpyHeader> parse();

private:
  Status parseEntry(std::string_view key);
  Status parseType();
  Status parseOrder();
  Status parseShape();
  void skipSpaces();
  bool consume(std::string_view token);
  std::optional<std::string_view> quoted();
  static Status malformed(std::string_view what) {
    return Status::invalid(fmt::format("has a malformed header: {}", what));
  }

  std::string_view rest_;
  NpyHeader header_;
  bool hasType_ = false, hasOrder_ = false, hasShape_ = false;
};
} // namespace

void HeaderParser::skipSpaces() {
  while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n' || rest_.front() == '\t'))
    rest_.remove_prefix(1);
}

bool HeaderParser::consume(std::string_view token) {
  skipSpaces();
  if (!rest_.starts_with(token))
    return false;
  rest_.remove_prefix(token.size());
  return true;
}

std::optional<std::string_view> HeaderParser::quoted() {
  skipSpaces();
  if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"'))
    return std::nullopt;
  const size_t end = rest_.find(rest_.front(), 1);
  if (end == std::string_view::npos)
    return std::nullopt;
  std::string_view text = rest_.substr(1, end - 1);
  rest_.remove_prefix(end + 1);
  return text;
}

Status HeaderParser::parseType() {
  if (consume("["))
    return Status::invalid("has a structured dtype; expected float32, float16 or bfloat16 (int32 for segments)");
  std::optional<std::string_view> descr = quoted();
  if (!descr)
    return malformed("'descr' is not a string");
  if (descr->size() > 1 && descr->substr(1).starts_with("O"))
    return Status::invalid("has object dtype; expected float32, float16 or bfloat16 (int32 for segments)");
  if (descr->starts_with(">"))
    return Status::invalid(fmt::format("is big-endian ('{}'); expected little-endian", *descr));
  struct Row {
    std::string_view descr;
    NpyType type;
  };
  // NumPy has no bfloat16 of its own: arrays of ml_dtypes' are saved as two raw bytes.
  static constexpr Row rows[] = {{"<f4", NpyType::F32},  {"<f2", NpyType::F16},  {"<i4", NpyType::I32},
                                 {"<V2", NpyType::BF16}, {"|V2", NpyType::BF16}, {"bfloat16", NpyType::BF16}};
  for (const Row &row : rows)
    if (*descr == row.descr) {
      header_.type = row.type;
      hasType_ = true;
      return {};
    }
  return Status::invalid(
      fmt::format("has dtype '{}'; expected '<f4', '<f2', '<V2' (bfloat16) or '<i4' (segments)", descr->substr(0, 32)));
}

Status HeaderParser::parseOrder() {
  if (consume("True"))
    return Status::invalid("is in Fortran order; expected C order (numpy.ascontiguousarray)");
  if (!consume("False"))
    return malformed("'fortran_order' is neither True nor False");
  hasOrder_ = true;
  return {};
}

Status HeaderParser::parseShape() {
  if (!consume("("))
    return malformed("'shape' is not a tuple");
  uint64_t product = 1;
  while (!consume(")")) {
    skipSpaces();
    int64_t extent = 0;
    auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
    if (error == std::errc::result_out_of_range)
      return Status::invalid("has an extent of 2^63 or more");
    if (error != std::errc() || extent < 0)
      return malformed("'shape' holds something other than extents of 0 or more");
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    header_.shape.push_back(extent);
    if (header_.shape.size() > kMaxDimensions)
      return Status::invalid(fmt::format("has more than {} dimensions", kMaxDimensions));
    // Zero extents do not hide an overflow: the product of the others must fit too.
    if (__builtin_mul_overflow(product, static_cast<uint64_t>(std::max<int64_t>(extent, 1)), &product) ||
        product > kMaxElements)
      return Status::invalid(fmt::format("has shape ({}), whose size overflows", fmt::join(header_.shape, ", ")));
    if (consume(","))
      continue;
    if (header_.shape.size() > 1 && consume(")")) // `(2)` is no tuple, `(2,)` is
      break;
    return malformed("'shape' is not closed");
  }
  hasShape_ = true;
  return {};
}

Status HeaderParser::parseEntry(std::string_view key) {
  if (!consume(":"))
    return malformed("a key without ':'");
  if (key == "descr" && !hasType_)
    return parseType();
  if (key == "fortran_order" && !hasOrder_)
    return parseOrder();
  if (key == "shape" && !hasShape_)
    return parseShape();
  return malformed(fmt::format("unexpected or repeated key '{}'", key.substr(0, 32)));
}

Result<NpyHeader> HeaderParser::parse() {
  if (!consume("{"))
    return malformed("no dict");
  while (!consume("}")) {
    std::optional<std::string_view> key = quoted();
    if (!key)
      return malformed("a key that is not a string, or no end");
    if (Status status = parseEntry(*key); !status)
      return status;
    if (consume(","))
      continue;
    if (consume("}"))
      break;
    return malformed("no ',' between entries");
  }
  skipSpaces();
  if (!rest_.empty())
    return malformed("text after the dict");
  if (!hasType_ || !hasOrder_ || !hasShape_)
    return malformed("'descr', 'fortran_order' or 'shape' is missing");
  return header_;
}

Result<NpyHeader> muntin::parseNpyHeader(std::string_view text) { return HeaderParser(text).parse(); }

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static Result<NpyArray> readArray(const InputFile &file) {
  unsigned char prefix[12] = {};
  const uint64_t known = std::min<uint64_t>(file.size(), sizeof(prefix));
  if (Status status = file.read(0, prefix, known); !status)
    return status;
  if (known < 10 || std::string_view(reinterpret_cast<char *>(prefix), 6) != kMagic)
    return Status::invalid("is not a NumPy file: it does not start with \\x93NUMPY");
  const int major = prefix[6], minor = prefix[7];
  if (major < 1 || major > 3 || minor != 0)
    return Status::invalid(fmt::format("has format version {}.{}; expected 1.0, 2.0 or 3.0", major, minor));

  const uint64_t headerAt = major == 1 ? 10 : 12;
  uint64_t headerBytes = prefix[8] | prefix[9] << 8;
  if (major > 1)
    headerBytes |= uint64_t(prefix[10]) << 16 | uint64_t(prefix[11]) << 24;
  if (headerBytes > kMaxHeaderBytes)
    return Status::invalid(fmt::format("claims a header of {} bytes; at most {}", headerBytes, kMaxHeaderBytes));
  if (headerAt + headerBytes > file.size())
    return Status::invalid(
        fmt::format("is truncated: {} bytes, the header alone needs {}", file.size(), headerAt + headerBytes));
  std::string text(headerBytes, '\0');
  if (Status status = file.read(headerAt, text.data(), headerBytes); !status)
    return status;
  Result<NpyHeader> header = parseNpyHeader(text);
  if (!header)
    return header.status();

  const uint64_t need = header->elements() * npyTypeBytes(header->type);
  const uint64_t have = file.size() - headerAt - headerBytes;
  if (need != have)
    return Status::invalid(fmt::format("is {}: its header ({}, shape ({})) wants {} bytes of data, it holds {}",
                                       have < need ? "truncated" : "too long", npyTypeName(header->type),
                                       fmt::join(header->shape, ", "), need, have));
  if (double(need) > memoryLimit())
    return Status{StatusCode::OutOfMemory,
                  fmt::format("holds {} bytes; this machine has {:.0f} bytes of memory", need, memoryLimit())};
  NpyArray array{*header, std::vector<char>(need)};
  if (Status status = file.read(headerAt + headerBytes, array.data.data(), need); !status)
    return status;
  return array;
}

Result<NpyArray> muntin::readNpy(const std::string &path) {
  Result<InputFile> file = InputFile::open(path);
  if (!file)
    return file.status();
  Result<NpyArray> array = readArray(*file);
  if (!array && array.status().code() != StatusCode::IoError)
    return Status(array.status().code(), fmt::format("{}: {}", path, array.status().message()));
  return array;
}

std::string muntin::printNpyHeader(const NpyHeader &header) {
  static constexpr const char *descr[] = {"<f4", "<f2", "<V2", "<i4"};
  std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                 descr[static_cast<size_t>(header.type)], fmt::join(header.shape, ", "),
                                 header.shape.size() == 1 ? "," : "");
  dict.append(63 - (10 + dict.size()) % 64, ' ');
  dict.push_back('\n');
  std::string bytes(kMagic);
  bytes += {'\x01', '\x00', static_cast<char>(dict.size() & 255), static_cast<char>(dict.size() >> 8)};
  return bytes + dict;
}

Status muntin::writeNpy(OutputFile &file, const std::vector<int64_t> &shape, const float *data) {
  const NpyHeader header{NpyType::F32, shape};
  if (Status status = file.write(printNpyHeader(header)); !status)
    return status;
  return file.write({reinterpret_cast<const char *>(data), header.elements() * sizeof(float)});
}
