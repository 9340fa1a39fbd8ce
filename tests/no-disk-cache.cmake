# Read by ctest itself, whose environment the tests inherit: kernels that an earlier run left on the disk would hide
# whether today's compiler makes them. The tests of the disk cache ask for one in a folder of their own.
set(ENV{MUNTIN_CACHE} off)
