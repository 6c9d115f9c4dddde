// Judges a dropped PDF.
export async function judgeFile() {}
