// RUN: muntin-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected an atom of rows and columns, got 1 extents}}
func.func private @f() attributes {x = #tile.layout<16, register = [[0, 1]]>}

// -----

// expected-error @+1 {{expected moves within the atom of 16x8, got 8}}
func.func private @f() attributes {x = #tile.layout<16x8, register = [[0, 8]]>}

// -----

// expected-error @+1 {{expected register, lane, row, offset or pitch, got warp}}
func.func private @f() attributes {x = #tile.layout<16x8, warp = [[0, 1]]>}

// -----

// expected-error @+1 {{expected a pitch of at least 0 bytes, got -16}}
func.func private @f() attributes {x = #tile.layout<16x8, pitch = -16>}
