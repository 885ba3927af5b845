//! Constants of the elementary functions, each the number its description says, rounded.

/// 2^(i/32), 63 bits after the point.
pub(super) static EXP2: [u64; 32] = [
    0x8000000000000000,
    0x82cd8698ac2ba1d7,
    0x85aac367cc487b15,
    0x88980e8092da8527,
    0x8b95c1e3ea8bd6e7,
    0x8ea4398b45cd53c0,
    0x91c3d373ab11c336,
    0x94f4efa8fef70961,
    0x9837f0518db8a96f,
    0x9b8d39b9d54e5539,
    0x9ef5326091a111ae,
    0xa27043030c496819,
    0xa5fed6a9b15138ea,
    0xa9a15ab4ea7c0ef8,
    0xad583eea42a14ac6,
    0xb123f581d2ac2590,
    0xb504f333f9de6484,
    0xb8fbaf4762fb9ee9,
    0xbd08a39f580c36bf,
    0xc12c4cca66709456,
    0xc5672a115506dadd,
    0xc9b9bd866e2f27a3,
    0xce248c151f8480e4,
    0xd2a81d91f12ae45a,
    0xd744fccad69d6af4,
    0xdbfbb797daf23755,
    0xe0ccdeec2a94e111,
    0xe5b906e77c8348a8,
    0xeac0c6e7dd24392f,
    0xefe4b99bdcdaf5cb,
    0xf5257d152486cc2c,
    0xfa83b2db722a033a,
];

/// 1/(i+2)!, 64 bits after the point.
pub(super) static INVERSE_FACTORIAL: [u64; 9] = [
    0x8000000000000000,
    0x2aaaaaaaaaaaaaab,
    0x0aaaaaaaaaaaaaab,
    0x0222222222222222,
    0x005b05b05b05b05b,
    0x000d00d00d00d00d,
    0x0001a01a01a01a02,
    0x00002e3bc74aad8e,
    0x0000049f93edde28,
];

/// For each 64th of [1, 2), from the 27th on halved: about its reciprocal, times 256.
pub(super) static RECIPROCAL: [u16; 64] = [
    256, 250, 246, 243, 239, 236, 232, 229, 226, 223, 220, 217, 214, 211, 209, 206, 204, 201, 199, 196, 194,
    192, 189, 187, 185, 183, 181, 358, 354, 350, 347, 343, 340, 336, 333, 329, 326, 323, 320, 317, 314, 311,
    308, 305, 302, 299, 297, 294, 291, 289, 286, 284, 281, 279, 277, 274, 272, 270, 267, 265, 263, 261, 259,
    256,
];

/// Minus the natural logarithm of RECIPROCAL / 256, 64 bits after the point, rounded down.
pub(super) static LOG_HIGH: [i64; 64] = [
    0x0000000000000000,
    0x0612494a3232afa2,
    0x0a33576a16f1f4c6,
    0x0d5779687d887e0d,
    0x11973bd1465566d1,
    0x14d3115d207eac5d,
    0x19335e5d594988ae,
    0x1c885801bc4b2368,
    0x1fe89139dbd56594,
    0x235456fc47ee53c7,
    0x26cbf9602b202c5f,
    0x2a4fcbc9436b19f4,
    0x2de02516ead57739,
    0x317d5fd671fd1855,
    0x33ed880e112cc826,
    0x37a10e7077b15a1d,
    0x3a206fe4cabcf6b0,
    0x3deb5bc9b9ffcbbd,
    0x407ab9589b1a43dc,
    0x445e3a089f91ef78,
    0x46fe658d69ae5376,
    0x49a58844d36e49e0,
    0x4dad9ddaf8445bb3,
    0x5066d08f57a31c86,
    0x532782785cb0efbb,
    0x55efdd4f2347eb7b,
    0x58c00c2ceab124ee,
    -0x55d9dc5d1569b153,
    -0x52f97e55dde2836e,
    -0x5010c21a1a9f8ef5,
    -0x4ddc998aff616bca,
    -0x4ae4c0eae2749277,
    -0x48a507ef3de5968a,
    -0x459d72aeae98380f,
    -0x4351ad5e6add2c82,
    -0x4039b116b540731b,
    -0x3de15b97b8b26ca5,
    -0x3b83794157d8fac2,
    -0x391fef8f35344359,
    -0x36b6a33d1f6b48de,
    -0x3447783fc56ac633,
    -0x31d251bd10da8155,
    -0x2f57120421b21238,
    -0x2cd59a84e55aa1be,
    -0x2a4dcbc743686f46,
    -0x27bf8561d98c5396,
    -0x2607ae31c8ffa5fe,
    -0x236e55aa5ecf4053,
    -0x20ce2a2594b2dc55,
    -0x1f0a30c01162a662,
    -0x1c5e548f5bc74316,
    -0x1a926d3a4ad56366,
    -0x17da766d7b12cc85,
    -0x160658a93750c3b2,
    -0x142edcbea646f03c,
    -0x116536eea37ae0e9,
    -0x0f85186008b15331,
    -0x0da16eb88cb8df62,
    -0x0ac52dd7e4726a47,
    -0x08d86cc491ecbfe2,
    -0x06e7f009ebe465ff,
    -0x04f3a910d1a95d3c,
    -0x02fb88ebf0214edc,
    0x0000000000000000,
];

/// What LOG_HIGH leaves out: 16 further bits.
pub(super) static LOG_LOW: [u16; 64] = [
    0x0000, 0xe6d3, 0x4521, 0x1a9e, 0x54f9, 0xa7d1, 0x1d5f, 0xe32d, 0xd82f, 0x221c, 0x5047, 0x72b5, 0x0d32,
    0x6aa3, 0xb433, 0xd356, 0x3149, 0xd535, 0xfadf, 0xce2d, 0xa8a4, 0xefae, 0x6c3c, 0xdd92, 0x727b, 0x7b97,
    0x0c67, 0x9525, 0xcd9b, 0xcfb6, 0xac54, 0x6b60, 0xf5eb, 0x8ce1, 0x09bf, 0xcab4, 0xce43, 0x59d7, 0xb450,
    0xec01, 0x91dd, 0x4ec3, 0x392a, 0x4039, 0x37fc, 0xcea4, 0xd739, 0xf3f7, 0xce6e, 0x8337, 0x29e8, 0xf42e,
    0xbb7f, 0x2116, 0x4561, 0x9da4, 0x419b, 0xb976, 0xcab8, 0x9ae9, 0x0ae7, 0x32d7, 0x5b5e, 0x0000,
];

/// 1/(i+2), 64 bits after the point.
pub(super) static LOG_SERIES: [u64; 10] = [
    0x8000000000000000,
    0x5555555555555555,
    0x4000000000000000,
    0x3333333333333333,
    0x2aaaaaaaaaaaaaab,
    0x2492492492492492,
    0x2000000000000000,
    0x1c71c71c71c71c72,
    0x199999999999999a,
    0x1745d1745d1745d1,
];

/// Mantissas of the arc tangents of (i+1)/16.
pub(super) static ATAN: [u64; 16] = [
    0xffaaddb967ef4e37,
    0xfeadd4d5617b6e33,
    0xbdcbda5e72d81134,
    0xfadbafc96406eb15,
    0x9b13b9b83f5e5e6a,
    0xb7b0ca0f26f78474,
    0xd327761e611fe5b6,
    0xed63382b0dda7b45,
    0x832bf4a6d9867e2a,
    0x8f005d5ef7f59f9b,
    0x9a2f80e671bdda20,
    0xa4bc7d1934f70924,
    0xaeac4c38b4d8c080,
    0xb8053e2bc2319e74,
    0xc0ce85b8ac526641,
    0xc90fdaa22168c235,
];

/// Their exponents.
pub(super) static ATAN_EXPONENT: [i8; 16] = [-5, -4, -3, -3, -2, -2, -2, -2, -1, -1, -1, -1, -1, -1, -1, -1];

/// 1/(2i+3), 64 bits after the point.
pub(super) static ATAN_SERIES: [u64; 7] = [
    0x5555555555555555,
    0x3333333333333333,
    0x2492492492492492,
    0x1c71c71c71c71c72,
    0x1745d1745d1745d1,
    0x13b13b13b13b13b1,
    0x1111111111111111,
];

/// 1/(2i+3)!, 64 bits after the point.
pub(super) static SIN_SERIES: [u64; 9] = [
    0x2aaaaaaaaaaaaaab,
    0x0222222222222222,
    0x000d00d00d00d00d,
    0x00002e3bc74aad8e,
    0x0000006b99159fd5,
    0x00000000b092309d,
    0x0000000000d73f9f,
    0x000000000000ca96,
    0x0000000000000098,
];

/// 1/(2i+2)!, 64 bits after the point.
pub(super) static COS_SERIES: [u64; 10] = [
    0x8000000000000000,
    0x0aaaaaaaaaaaaaab,
    0x005b05b05b05b05b,
    0x0001a01a01a01a02,
    0x0000049f93edde28,
    0x00000008f76c77fc,
    0x000000000c9cba54,
    0x00000000000d73fa,
    0x0000000000000b41,
    0x0000000000000008,
];

/// Bits of 2/pi, after 128 zeros.
pub(super) static TWO_OVER_PI: [u64; 22] = [
    0x0000000000000000,
    0x0000000000000000,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
];

/// log2(e), 127 bits after the point.
pub(super) const LOG2_E: u128 = 0xb8aa3b295c17f0bbbe87fed0691d3e88;

/// log2(10), 126 bits after the point.
pub(super) const LOG2_10: u128 = 0xd49a784bcd1b8afe492bf6ff4dafdb4c;

/// ln(2), 116 bits after the point.
pub(super) const LN_2: u128 = 0x000b17217f7d1cf79abc9e3b39803f2f;

/// ln(2), 64 bits after the point.
pub(super) const LN_2_SHORT: u64 = 0xb17217f7d1cf79ac;

/// pi/2, 63 bits after the point; pi is the same, doubled.
pub(super) const HALF_PI: u64 = 0xc90fdaa22168c235;

/// log2(e), 63 bits after the point.
pub(super) const LOG2_E_SHORT: u64 = 0xb8aa3b295c17f0bc;
