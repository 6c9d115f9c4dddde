import java.io.FileInputStream;
import java.io.InputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * veraPDF on files: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1).
 *
 * Arguments: files. Answers one line a finding: file, profile, what it is, what it says; separated by tabs.
 */
public class ConformanceJudge {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        for (String file : files) {
            for (PDFAFlavour profile : new PDFAFlavour[] {PDFAFlavour.PDFA_3_A, PDFAFlavour.PDFUA_1}) {
                judge(file, profile);
            }
        }
    }

    private static void judge(String file, PDFAFlavour profile) throws Exception {
        try (InputStream input = new FileInputStream(file);
                PDFAParser parser = Foundries.defaultInstance().createParser(input, profile);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(profile, false)) {
            ValidationResult result = validator.validate(parser);
            String prefix = new java.io.File(file).getName() + "\t" + profile.getId() + "\t";
            System.out.println(prefix + "compliant\t" + result.isCompliant());
            System.out.println(prefix + "checks\t" + result.getTotalAssertions());
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    String says = assertion.getRuleId().getClause() + " " + assertion.getMessage();
                    System.out.println(prefix + "failure\t" + says.replaceAll("\\s+", " "));
                }
            }
        }
    }
}
