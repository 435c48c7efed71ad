// zlib's initialisers are macros, which Swift cannot call.
#ifndef BOREAS_CZLIB_SHIM_H
#define BOREAS_CZLIB_SHIM_H

#include <zlib.h>

static inline int boreas_inflate_init(z_stream *stream) { return inflateInit(stream); }

static inline int boreas_deflate_init(z_stream *stream, int level) { return deflateInit(stream, level); }

#endif
