// RUN: muntin-opt %s | muntin-opt | FileCheck %s

// Layouts are part of a tile's type, and are printed once.

// CHECK-DAG: #fragment = #tile.layout<16x8, register = {{\[\[0, 1\], \[8, 0\]\]}}, lane = {{\[\[0, 2\], \[0, 4\], \[1, 0\], \[2, 0\], \[4, 0\]\]}}>
// CHECK-DAG: #rows = #tile.layout<16x1, register = {{\[\[8, 0\]\]}}, lane = {{\[\[0, 0\], \[0, 0\], \[1, 0\], \[2, 0\], \[4, 0\]\]}}>
// CHECK-DAG: #shared = #tile.layout<8x16, row = {{\[\[1, 0\], \[2, 0\], \[4, 8\]\]}}, offset = {{\[\[0, 1\], \[0, 2\], \[0, 4\], \[0, 8\]\]}}, pitch = 32>
#fragment = #tile.layout<16x8, register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]]>
#rows = #tile.layout<16x1, register = [[8, 0]], lane = [[0, 0], [0, 0], [1, 0], [2, 0], [4, 0]]>
#shared = #tile.layout<8x16, row = [[1, 0], [2, 0], [4, 8]], offset = [[0, 1], [0, 2], [0, 4], [0, 8]], pitch = 32>

// CHECK-LABEL: @f
// CHECK: tile.dot {{.*}} -> <16x8xf32, #fragment>
// CHECK: tile.reduce {{.*}} : <16x8xf32, #fragment> -> <16xf32, #rows>
func.func @f(%Q: !tile.tile<16x16xbf16, #shared>, %K: !tile.tile<8x16xbf16, #shared>) {
  %S = tile.dot %Q, %K transposed
      : !tile.tile<16x16xbf16, #shared>, !tile.tile<8x16xbf16, #shared> -> !tile.tile<16x8xf32, #fragment>
  %m = tile.reduce max %S : !tile.tile<16x8xf32, #fragment> -> !tile.tile<16xf32, #rows>
  return
}
