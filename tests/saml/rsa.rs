//! The bare RSA operation, for signatures that no library makes any more: SHA-1 and MD5.

use crate::keys::Signer;

/// A PKCS #1 v1.5 signature over a digest that is already in its `DigestInfo` (RFC 8017, section 9.2).
pub(crate) fn sign_digest_info(signer: &Signer, digest_info: &[u8]) -> Vec<u8> {
    let (modulus, exponent) = private_numbers(&signer.private_key);
    let mut block = vec![0, 1];
    block.resize(modulus.len() - digest_info.len() - 1, 0xff);
    block.push(0);
    block.extend_from_slice(digest_info);
    power(&block, &exponent, &modulus)
}

/// The modulus and the private exponent of a PKCS #8 RSA key.
fn private_numbers(pkcs8: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let outer = value(pkcs8).0;
    let after_version = value(outer).1;
    let after_algorithm = value(after_version).1;
    let key = value(value(after_algorithm).0).0;
    let (_, rest) = value(key);
    let (modulus, rest) = value(rest);
    let (_, rest) = value(rest);
    let (private, _) = value(rest);
    let unsigned = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect();
    (unsigned(modulus), unsigned(private))
}

/// The contents of the DER value at the start, and what follows it.
fn value(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, from) = match der[1] {
        short @ ..0x80 => (usize::from(short), 2),
        long => {
            let bytes = usize::from(long - 0x80);
            (der[2..2 + bytes].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte)), 2 + bytes)
        }
    };
    der[from..].split_at(length)
}

/// `base` to the power of `exponent`, by Montgomery's multiplication. Big-endian bytes.
fn power(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    let modulus_limbs = limbs(modulus);
    let size = modulus_limbs.len();
    // -1 / modulus mod 2^32, by Newton's method
    let mut inverse = 1_u32;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(2_u32.wrapping_sub(modulus_limbs[0].wrapping_mul(inverse)));
    }
    let inverse = inverse.wrapping_neg();
    let times = |a: &[u32], b: &[u32]| multiply(a, b, &modulus_limbs, inverse);
    // 2^(64 * size) mod modulus by doubling: what takes a number into the form
    let mut square = vec![0; size];
    square[0] = 1;
    for _ in 0..64 * size {
        square = double(&square, &modulus_limbs);
    }
    let mut one = vec![0; size];
    one[0] = 1;
    let base = times(&limbs(base), &square);
    let mut result = times(&one, &square);
    for bit in exponent.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
        result = times(&result, &result);
        if bit == 1 {
            result = times(&result, &base);
        }
    }
    times(&result, &one).iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
}

fn limbs(bytes: &[u8]) -> Vec<u32> {
    bytes.rchunks(4).map(|chunk| chunk.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))).collect()
}

fn multiply(a: &[u32], b: &[u32], modulus: &[u32], inverse: u32) -> Vec<u32> {
    let size = modulus.len();
    let mut sum = vec![0_u32; size + 2];
    for limb in a {
        add_product(&mut sum, b, *limb);
        let factor = sum[0].wrapping_mul(inverse);
        add_product(&mut sum, modulus, factor);
        sum.remove(0);
        sum.push(0);
    }
    reduced(&sum[..=size], modulus)
}

fn add_product(sum: &mut [u32], number: &[u32], factor: u32) {
    let mut carry = 0_u64;
    for (at, limb) in sum.iter_mut().enumerate() {
        let product = u64::from(number.get(at).copied().unwrap_or(0)) * u64::from(factor);
        carry += u64::from(*limb) + product;
        *limb = (carry & 0xffff_ffff) as u32;
        carry >>= 32;
    }
}

fn double(number: &[u32], modulus: &[u32]) -> Vec<u32> {
    let mut carry = 0;
    let mut doubled: Vec<u32> =
        number.iter().map(|limb| (limb << 1) | std::mem::replace(&mut carry, limb >> 31)).collect();
    doubled.push(carry);
    reduced(&doubled, modulus)
}

/// `number` less the modulus, if it is not smaller.
fn reduced(number: &[u32], modulus: &[u32]) -> Vec<u32> {
    let mut borrow = false;
    let difference: Vec<u32> = (0..number.len())
        .map(|at| {
            let (limb, first) = number[at].overflowing_sub(modulus.get(at).copied().unwrap_or(0));
            let (limb, second) = limb.overflowing_sub(u32::from(borrow));
            borrow = first || second;
            limb
        })
        .collect();
    let result = if borrow { number } else { &difference };
    result[..modulus.len()].to_vec()
}
